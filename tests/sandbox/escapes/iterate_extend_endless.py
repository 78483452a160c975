# stops: limit
def rule(user, context):
    import itertools
    user.permissions.extend(itertools.repeat('admin'))
