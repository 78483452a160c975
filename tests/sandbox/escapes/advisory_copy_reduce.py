# raises: TypeError
# `copy` makes an object by what its `__reduce_ex__` says.
def rule(user, context):
    import copy
    class A:
        def __call__(self, *a):
            return user
    copy.deepcopy([A()])
