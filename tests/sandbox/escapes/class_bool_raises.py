# raises: ValueError
def rule(user, context):
    class A:
        def __bool__(self):
            raise ValueError
    context.idToken.x = 1 if A() else 2
