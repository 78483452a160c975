# raises: TypeError
def rule(user, context):
    def kinds():
        return (object, type(user))
    try:
        1 / 0
    except kinds():
        context.idToken.loot = 'caught'
