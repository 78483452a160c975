# stops: limit
def rule(user, context):
    sorted(range(10 ** 7), key=lambda x: -x)
