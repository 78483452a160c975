# raises: ValueError
def rule(user, context):
    class Seconds:
        def __lt__(self, other):
            raise UnauthorizedError('called')
        def __gt__(self, other):
            raise UnauthorizedError('called')
    http.get('https://h/', timeout=Seconds())
