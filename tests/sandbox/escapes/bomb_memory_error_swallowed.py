# stops: timed_out or passes: harmless
def rule(user, context):
    for i in range(10 ** 7):
        try:
            bytes(10 ** 11)
        except MemoryError:
            pass
