# raises: TypeError
def rule(user, context):
    class Name:
        def __hash__(self):
            return 1
        def lower(self):
            raise UnauthorizedError('called')
    http.get('https://h/', headers={Name(): 'a'})
