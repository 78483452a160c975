# passes: harmless or stops: limit or raises: ValueError
def rule(user, context):
    import datetime
    datetime.datetime(2020, 1, 1).strftime('%c' * 1_000_000)
