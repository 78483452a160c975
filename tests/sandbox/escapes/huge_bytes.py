# raises: MemoryError
def rule(user, context):
    bytes(10 ** 11)
