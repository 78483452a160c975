# raises: TypeError
def rule(user, context):
    raise dict
