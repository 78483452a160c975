# raises: ValueError
def rule(user, context):
    auth0.users.updateAppMetadata('auth0|other', {'admin': True})
