# raises: MemoryError or raises: OverflowError
def rule(user, context):
    '%*d' % (2 ** 31 - 1, 1)
