# stops: limit
def rule(user, context):
    10 ** 10 ** 8
