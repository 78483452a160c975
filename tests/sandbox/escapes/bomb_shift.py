# raises: MemoryError or raises: OverflowError
def rule(user, context):
    1 << 10 ** 15
