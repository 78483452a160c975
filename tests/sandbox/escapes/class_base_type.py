# raises: TypeError
def rule(user, context):
    class A(type):
        pass
