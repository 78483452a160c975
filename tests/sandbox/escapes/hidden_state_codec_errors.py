# raises: LookupError
def rule(user, context):
    'é'.encode('ascii', 'kept')
