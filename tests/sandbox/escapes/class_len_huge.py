# raises: OverflowError
def rule(user, context):
    class A:
        def __len__(self):
            return 10 ** 30
    len(A())
