# raises: RuntimeError
def rule(user, context):
    import itertools
    class I:
        def __iter__(self):
            return self
        def __next__(self):
            return next(b)
    a, b = itertools.tee(I())
    next(a)
