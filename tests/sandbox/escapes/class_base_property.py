# raises: TypeError
def rule(user, context):
    class A(property):
        pass
