# raises: LookupError
def rule(user, context):
    'x'.encode('kept-' + user.email)
