# passes: harmless
def rule(user, context):
    match (x for x in [1]):
        case [x, *rest]:
            assert False
    match (1, [2, {'a': 3}]):
        case [a, [b, {'a': c}]]:
            context.idToken.ok = [a, b, c]
