# raises: TypeError
def rule(user, context):
    auth0.users.updateUserMetadata += (lambda *a: None) if False else None
