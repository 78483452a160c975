# raises: LookupError: unknown encoding
def rule(user, context):
    user.email.encode('../../sandbox/worker')
