# passes: harmless
def rule(user, context):
    user._holder = 1
    user._recorder = 2
    user._holder += 1
    del user._recorder
    class A:
        pass
    a = A()
    a._holder = user.email
    a._recorder = 1
    a._recorder += 1
    context.idToken.a = [user._holder, a._holder, a._recorder]
