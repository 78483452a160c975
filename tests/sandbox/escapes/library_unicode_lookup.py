# raises: KeyError
def rule(user, context):
    import unicodedata
    unicodedata.lookup('x' * 10_000)
