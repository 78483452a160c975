# raises: KeyError
def rule(user, context):
    e = ValueError('first')
    for i in range(3000):
        try:
            raise KeyError(i) from e
        except KeyError as f:
            e = f
    raise e
