# raises: TypeError
def rule(user, context):
    class A:
        pass
    type(A)('B', (dict,), {})
