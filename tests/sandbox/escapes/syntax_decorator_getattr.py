# raises: TypeError
def rule(user, context):
    @getattr
    class A:
        pass
