# raises: ValueError
def rule(user, context):
    class Value:
        def __str__(self):
            raise UnauthorizedError('called')
    cache.set('a', Value())
