# raises: RecursionError
def rule(user, context):
    class A:
        def __hash__(self):
            return len({self})
    {A()}
