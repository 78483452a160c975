# stops: limit
def rule(user, context):
    [0] * 10 ** 12
