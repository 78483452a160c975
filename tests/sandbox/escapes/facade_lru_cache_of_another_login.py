# passes: harmless
def rule(user, context):
    import functools
    @functools.lru_cache(maxsize=None)
    def first(key):
        return user.email
    context.idToken.loot = first('a')
