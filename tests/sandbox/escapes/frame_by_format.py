# raises: AttributeError
def rule(user, context):
    g = (x for x in [1])
    context.idToken.loot = '{0.gi_frame}'.format(g)
