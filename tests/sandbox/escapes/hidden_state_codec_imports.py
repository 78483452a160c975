# raises: LookupError
def rule(user, context):
    'x'.encode('this')
