# raises: AttributeError
def rule(user, context):
    try:
        raise ValueError from KeyError('a')
    except ValueError as e:
        context.idToken.loot = str(getattr(e, '__cause__'))
