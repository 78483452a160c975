# raises: TypeError
def rule(user, context):
    class Name:
        def lower(self):
            raise UnauthorizedError('called')
    http.get('https://h/').headers.get(Name())
