# raises: AttributeError
def rule(user, context):
    def f():
        pass
    context.idToken.loot = getattr(f, 'func_globals')
