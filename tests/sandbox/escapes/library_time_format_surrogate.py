# passes: harmless or raises: UnicodeEncodeError or raises: ValueError
def rule(user, context):
    import datetime
    datetime.datetime(2020, 1, 1).strftime('\ud800%Y\x00%')
