# stops: limit
def rule(user, context):
    f'{1:>{10 ** 11}}'
