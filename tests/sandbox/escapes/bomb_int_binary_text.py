# raises: ValueError
def rule(user, context):
    int('1' * 10 ** 7, 3)
