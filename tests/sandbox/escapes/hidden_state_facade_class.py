# raises: TypeError
import datetime
def rule(user, context):
    datetime.datetime.kept = user.email
