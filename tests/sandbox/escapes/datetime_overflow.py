# raises: OverflowError
def rule(user, context):
    import datetime
    datetime.datetime.max + datetime.timedelta(days=1)
