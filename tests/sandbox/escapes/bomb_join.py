# stops: limit
def rule(user, context):
    ('a' * 10 ** 6).join(['b'] * 10 ** 6)
