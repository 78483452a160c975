# raises: TypeError
def rule(user, context):
    import re
    for re.sub in [print]:
        pass
