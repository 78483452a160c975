# passes: harmless
def rule(user, context):
    import random
    user.permissions.extend(['a', 'b', 'c'])
    random.shuffle(user.permissions)
    context.idToken.loot = user.permissions
