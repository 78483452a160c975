# stops: limit or raises: OverflowError
def rule(user, context):
    import random
    random.getrandbits(10 ** 12)
