# raises: ValueError
def rule(user, context):
    cache.set('a', 'x' * 20_000)
