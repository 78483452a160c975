# raises: TimeLimit
def rule(user, context):
    class TimeLimit(Exception):
        pass
    raise TimeLimit('forged')
