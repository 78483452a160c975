# stops: limit
def rule(user, context):
    5.5 in range(10 ** 12)
