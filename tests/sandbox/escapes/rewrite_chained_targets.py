# passes: harmless
def rule(user, context):
    calls = []
    def f():
        calls.append(1)
        return (len(calls), 0)
    (a, b) = [c, d] = (e, *g) = f()
    context.idToken.a = [a, c, e, len(calls)]
