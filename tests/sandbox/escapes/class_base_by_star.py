# raises: TypeError
def rule(user, context):
    class A(*[str]):
        pass
