# raises: TypeError
def rule(user, context):
    import collections
    class A(collections.OrderedDict):
        pass
