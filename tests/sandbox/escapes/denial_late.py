# passes: harmless
def rule(user, context, callback):
    def g():
        try:
            yield
        finally:
            callback(UnauthorizedError('late'))
    x = g()
    next(x)
    keep = [x]
    keep.append(keep)
    callback(None, user, context)
