# stops: limit
def rule(user, context):
    ('a' * 10 ** 5).translate({97: 'b' * 10 ** 5})
