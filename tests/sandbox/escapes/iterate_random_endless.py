# stops: limit
def rule(user, context):
    import itertools, random
    random.choices(list(range(10)), k=10 ** 10)
