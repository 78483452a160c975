# raises: RecursionError
def rule(user, context):
    class A:
        def __str__(self):
            return str(self)
    print(A())
