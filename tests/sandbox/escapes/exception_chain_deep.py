# passes: harmless or stops: died or stops: timed_out
def rule(user, context):
    e = ValueError()
    for i in range(20_000):
        try:
            raise KeyError from e
        except KeyError as f:
            e = f
