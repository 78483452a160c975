# raises: MemoryError
def rule(user, context):
    context.idToken.loot = '{:>{w}}'.format(1, w=10 ** 10)
