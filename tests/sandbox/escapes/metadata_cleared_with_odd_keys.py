# passes: harmless or raises: TypeError or stops: exhausted
def rule(user, context):
    user.app_metadata[1] = 2
    user.app_metadata[None] = 2
    auth0.users.update_app_metadata(user.user_id, {})
    auth0.users.update_app_metadata(user.user_id, {'a': 1})
