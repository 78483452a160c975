# raises: TypeError
def rule(user, context):
    class A:
        def __hash__(self):
            return 'x'
    {A()}
