# raises: TypeError
def rule(user, context):
    class Name:
        def __hash__(self):
            return 1
        def __eq__(self, other):
            raise UnauthorizedError('called')
    configuration[Name()]
