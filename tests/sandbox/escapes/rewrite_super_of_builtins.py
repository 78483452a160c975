# raises: TypeError
def rule(user, context):
    context.idToken.loot = super(str, 'x').upper()
