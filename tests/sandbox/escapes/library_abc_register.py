# raises: AttributeError
def rule(user, context):
    import collections.abc
    class A:
        pass
    collections.abc.Mapping.register(A)
