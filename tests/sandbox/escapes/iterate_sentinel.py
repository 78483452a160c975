# stops: limit
def rule(user, context):
    list(iter(lambda: 1, 2))
