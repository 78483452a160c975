# raises: TypeError
def rule(user, context):
    import itertools
    class A(itertools.chain):
        pass
