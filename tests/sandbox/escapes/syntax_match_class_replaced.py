# raises: TypeError
def rule(user, context):
    str = print
    match user:
        case str(x):
            pass
