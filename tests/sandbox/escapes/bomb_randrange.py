# stops: limit
def rule(user, context):
    import random
    random.sample(range(10 ** 12), k=10 ** 9)
