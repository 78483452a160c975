# raises: AttributeError
def rule(user, context):
    import string
    try:
        getattr(string, 'nope')
    except AttributeError as e:
        context.idToken.loot = str(e.obj)
