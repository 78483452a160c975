# stops: limit or raises: OverflowError
def rule(user, context):
    import secrets
    secrets.token_bytes(10 ** 12)
