# raises: TypeError
def rule(user, context):
    context.idToken.loot = str(super(ValueError, ValueError('x')).args)
