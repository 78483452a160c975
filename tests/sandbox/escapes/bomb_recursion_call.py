# raises: RecursionError
def rule(user, context):
    class A:
        pass
    class B:
        def __call__(self):
            return self()
    B()()
