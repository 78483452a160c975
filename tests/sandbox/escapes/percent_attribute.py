# raises: KeyError
def rule(user, context):
    context.idToken.loot = '%(__class__)s' % user
