# stops: limit
def rule(user, context):
    {i * (2 ** 61 - 1): 1 for i in range(200_000)}
