# raises: TypeError
def rule(user, context):
    import datetime
    del datetime.datetime
