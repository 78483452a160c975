# raises: AttributeError
def rule(user, context):
    g = (x for x in [1])
    g.throw(ValueError)
