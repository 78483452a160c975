# raises: TypeError
def rule(user, context):
    class A:
        pass
    context.idToken.loot = str(super(A, user).items())
