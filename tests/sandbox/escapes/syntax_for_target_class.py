# raises: TypeError
def rule(user, context):
    for dict.get in [print]:
        pass
