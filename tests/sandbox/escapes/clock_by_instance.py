# raises: AttributeError
import datetime
def rule(user, context):
    datetime.datetime(2020, 1, 1).now()
