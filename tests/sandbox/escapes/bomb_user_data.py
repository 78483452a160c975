# passes: harmless or stops: exhausted
def rule(user, context):
    user.x = ['y' * 10 ** 6] * 20
