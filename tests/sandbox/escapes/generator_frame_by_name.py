# raises: AttributeError
def rule(user, context):
    g = (x for x in [1])
    context.idToken.loot = str(getattr(g, 'gi_' + 'frame'))
