# passes: harmless
def rule(user, context):
    import functools
    functools.reduce(lambda d, k: d.setdefault(k, {}), ['a', 'b', 'c'], context.idToken)
