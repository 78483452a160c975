# raises: AttributeError
def rule(user, context):
    import datetime
    d = datetime.datetime.strptime('2020', '%Y')
    d.strptime('2020', '%Y')
