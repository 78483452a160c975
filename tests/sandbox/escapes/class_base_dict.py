# raises: TypeError
def rule(user, context):
    class A(dict):
        def get(self, key):
            return 1
    context.idToken = A()
