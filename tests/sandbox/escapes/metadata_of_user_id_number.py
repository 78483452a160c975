# raises: ValueError
def rule(user, context):
    auth0.users.update_app_metadata(1, {'admin': True})
