# stops: limit or raises: MemoryError
def rule(user, context):
    x = 2 ** 3 ** 4 ** 5 ** 6 ** 7
