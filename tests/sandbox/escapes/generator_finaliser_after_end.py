# passes: harmless
def rule(user, context):
    def g():
        try:
            yield
        finally:
            context.idToken.admin = True
            user.kept.append(1)
            print('late')
    user.kept = []
    x = g()
    next(x)
    keep = [x]
    keep.append(keep)
