# stops: limit
def rule(user, context):
    'a'.zfill(10 ** 11)
