# raises: TypeError
def rule(user, context):
    import collections.abc
    class A(collections.abc.Mapping):
        pass
