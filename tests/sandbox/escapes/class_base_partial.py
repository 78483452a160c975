# raises: TypeError
def rule(user, context):
    import functools
    class A(functools.partial):
        pass
