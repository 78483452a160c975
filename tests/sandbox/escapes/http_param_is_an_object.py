# raises: TypeError
def rule(user, context):
    class Value:
        def __str__(self):
            raise UnauthorizedError('called')
    http.get('https://h/', params={'a': [Value()]})
