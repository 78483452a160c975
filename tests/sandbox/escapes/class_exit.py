# refused: name_not_allowed
def rule(user, context):
    class A:
        def __enter__(self):
            return self
        def __exit__(self, *a):
            return True
