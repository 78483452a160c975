# raises: ValueError
def rule(user, context):
    class A:
        def __len__(self):
            return -1
    len(A())
