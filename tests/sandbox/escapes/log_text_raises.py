# raises: ValueError
def rule(user, context):
    class A:
        def __str__(self):
            raise ValueError('x')
    print(A())
