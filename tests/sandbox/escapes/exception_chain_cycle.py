# passes: harmless
def rule(user, context):
    a, b = ValueError('a'), ValueError('b')
    try:
        try:
            raise a from b
        except ValueError:
            raise b from a
    except ValueError:
        pass
