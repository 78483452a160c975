# passes: harmless
# Annotations are dropped, whatever they would do.
def rule(user, context):
    x: [y for y in ().__class__.__subclasses__()] = 1
    def f(a: (b := 1) = 2) -> open('CANARY_FILE'):
        return a
    context.idToken.ok = f()
