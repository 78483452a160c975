# raises: AttributeError
def rule(user, context):
    context.idToken.loot = '{0:{1.__class__}}'.format(1, user)
