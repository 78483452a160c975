# raises: RecursionError
def rule(user, context):
    class A:
        def __iter__(self):
            return iter(self)
    list(A())
