# stops: limit or passes: harmless
def rule(user, context):
    print('x' * 10 ** 8, 'y' * 10 ** 8)
