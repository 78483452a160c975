# raises: ValueError
def rule(user, context):
    a, b = ValueError('a'), KeyError('b')
    try:
        raise a from b
    except ValueError:
        pass
    try:
        raise b from a
    except KeyError:
        pass
    raise a
