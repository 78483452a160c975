# raises: ValueError
def rule(user, context):
    class Seconds:
        def __lt__(self, other):
            raise UnauthorizedError('called')
    cache.set('a', 1, ttl=Seconds())
