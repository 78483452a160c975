# raises: ValueError
def rule(user, context):
    loop = {}
    loop['a'] = loop
    cache.set('a', loop)
