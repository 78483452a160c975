# raises: TypeError
def rule(user, context):
    class Key:
        def __len__(self):
            return 1
        def encode(self):
            raise UnauthorizedError('called')
    cache.get(Key())
