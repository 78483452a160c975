# raises: MemoryError or raises: OverflowError
def rule(user, context):
    ('\t' * 1000).expandtabs(10 ** 9)
