# raises: AttributeError
def rule(user, context):
    def f():
        pass
    context.idToken.loot = '{f.__globals__[context]}'.format(f=f)
