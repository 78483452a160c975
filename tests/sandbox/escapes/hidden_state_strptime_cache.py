# raises: TypeError
import datetime
def rule(user, context):
    class K:
        def __hash__(self):
            return 1
    datetime.datetime.strptime('2020', K())
