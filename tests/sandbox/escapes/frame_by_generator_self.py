# refused: attribute_not_allowed
def rule(user, context):
    g = (g.gi_frame for x in [1])
    next(g)
