# stops: limit
def rule(user, context):
    sum(range(10 ** 12))
