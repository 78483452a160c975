# stops: limit
def rule(user, context):
    'a' * 10 ** 12
