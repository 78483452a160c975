# raises: ValueError or raises: MemoryError
def rule(user, context):
    f'{1.5:.{10 ** 12}f}'
