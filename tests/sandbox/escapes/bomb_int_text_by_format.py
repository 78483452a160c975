# raises: ValueError
def rule(user, context):
    f'{10 ** 100_000}'
