# raises: TypeError
def rule(user, context):
    dict.get = print
