# refused: attribute_not_allowed
def rule(user, context):
    g = (x for x in [1])
    g.gi_code
