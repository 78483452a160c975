# raises: ValueError
def rule(user, context):
    d = {}
    d['d'] = d
    auth0.users.update_app_metadata(user.user_id, d)
