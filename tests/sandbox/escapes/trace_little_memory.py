# stops: exhausted or passes: harmless or raises: MemoryError
def rule(user, context):
    hoard = []
    size = 1 << 26
    while size > 16:
        try:
            hoard.append(bytes(size))
        except MemoryError:
            size = size // 2
    try:
        context.idToken.admin = True
    except MemoryError:
        pass
    hoard = None
