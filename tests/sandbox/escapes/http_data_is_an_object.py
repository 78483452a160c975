# raises: TypeError
def rule(user, context):
    class Data:
        def encode(self):
            raise UnauthorizedError('called')
    http.post('https://h/', data=Data())
