# stops: limit
def rule(user, context):
    (1).to_bytes(10 ** 11, 'big')
