# passes: harmless or raises: MemoryError or stops: limit
def rule(user, context):
    kept = []
    size = 1 << 24
    while size > 1000:
        try:
            kept.append('x' * size)
        except MemoryError:
            size //= 2
    try:
        http.get('https://h/')
    except MemoryError:
        pass
