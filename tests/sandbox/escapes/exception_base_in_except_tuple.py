# raises: TypeError
def rule(user, context):
    try:
        1 / 0
    except (1, dict):
        pass
