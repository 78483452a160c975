# raises: AttributeError
def rule(user, context):
    e = ValueError('x')
    e.add_note('y')
