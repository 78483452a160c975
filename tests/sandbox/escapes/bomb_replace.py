# raises: MemoryError or raises: OverflowError
def rule(user, context):
    ('a' * 10 ** 6).replace('a', 'b' * 10 ** 6)
