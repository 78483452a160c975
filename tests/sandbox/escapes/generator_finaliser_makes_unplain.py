# passes: harmless
# What is taken out goes, and its finaliser runs while the data is made plain.
def rule(user, context):
    class S:
        pass
    def g():
        try:
            yield
        finally:
            context.left = S
    x = g()
    next(x)
    context.idToken.trigger = x
