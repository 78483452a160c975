# raises: ValueError
def rule(user, context):
    int('9' * 100_000)
