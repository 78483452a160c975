# raises: ValueError
def rule(user, context):
    int('z' * 10 ** 6, 36)
