# raises: TypeError
def rule(user, context):
    import datetime
    class Z:
        def utcoffset(self, d):
            return datetime.timedelta(0)
    datetime.datetime.now(Z())
