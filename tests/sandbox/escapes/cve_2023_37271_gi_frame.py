# refused: attribute_not_allowed
def rule(user, context):
    g = (x for x in [1])
    context.idToken.loot = str(g.gi_frame.f_back)
