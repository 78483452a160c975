# passes: harmless
def rule(user, context):
    class I:
        def __iter__(self):
            return self
        def __next__(self):
            return next(z, 1)
    z = zip(I(), [1, 2, 3])
    try:
        list(z)
    except Exception:
        pass
