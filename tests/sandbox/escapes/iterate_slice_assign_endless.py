# stops: limit
def rule(user, context):
    import itertools
    user.permissions[:] = itertools.repeat('admin')
