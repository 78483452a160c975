# passes: harmless
def rule(user, context):
    class A:
        pass
    context.idToken.loot = isinstance(user, dict)
