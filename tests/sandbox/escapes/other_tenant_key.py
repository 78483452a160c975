# raises: ValueError
def rule(user, context):
    auth0.users.updateUserMetadata('auth0|other-tenant', {'admin': True})
