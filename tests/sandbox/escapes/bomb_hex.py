# stops: limit
def rule(user, context):
    hex(1 << 10 ** 9)
