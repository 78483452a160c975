# passes: harmless
def rule(user, context):
    import functools
    class A:
        f = functools.partial(lambda *a: len(a), 1)
    context.idToken.ok = A().f()
