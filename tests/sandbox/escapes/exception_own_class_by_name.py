# raises: AttributeError
def rule(user, context):
    class E(Exception):
        pass
    try:
        raise E()
    except E as e:
        context.idToken.loot = str(getattr(e, '__traceback__'))
