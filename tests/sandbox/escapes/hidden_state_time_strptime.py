# raises: TypeError
import time
def rule(user, context):
    class K:
        def __hash__(self):
            return 1
    time.strptime('2020', K())
