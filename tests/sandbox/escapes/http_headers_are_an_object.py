# raises: TypeError
def rule(user, context):
    class Headers:
        def items(self):
            raise UnauthorizedError('called')
    http.get('https://h/', headers=Headers())
