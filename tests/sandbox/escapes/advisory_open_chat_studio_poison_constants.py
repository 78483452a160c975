# raises: TypeError
def rule(user, context):
    import uuid
    uuid.NAMESPACE_DNS = user.email
