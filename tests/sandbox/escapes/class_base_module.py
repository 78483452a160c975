# raises: TypeError
def rule(user, context):
    import json
    class A(type(user), json):
        pass
