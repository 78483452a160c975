# raises: ValueError
def rule(user, context):
    class Value:
        def items(self):
            raise UnauthorizedError('called')
    http.post('https://h/', json={'a': Value()})
