# raises: LookupError
def rule(user, context):
    'x'.encode('CANARY_FILE')
