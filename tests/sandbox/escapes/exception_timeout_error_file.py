# raises: AttributeError
def rule(user, context):
    e = TimeoutError(2, 'x', 'CANARY_FILE')
    context.idToken.loot = e.filename
