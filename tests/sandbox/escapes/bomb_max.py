# stops: limit
def rule(user, context):
    max(range(10 ** 11))
