# raises: AttributeError
def rule(user, context):
    try:
        getattr(user.email, 'nope')
    except AttributeError as e:
        context.idToken.loot = str(e.obj)
