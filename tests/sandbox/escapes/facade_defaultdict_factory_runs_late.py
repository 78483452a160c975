# passes: harmless
def rule(user, context):
    import collections
    def factory():
        while True:
            pass
    context.idToken.loot = collections.defaultdict(factory, a=1)
