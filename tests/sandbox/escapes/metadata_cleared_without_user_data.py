# passes: harmless
def rule(user, context):
    user.app_metadata = ['x']
    auth0.users.update_app_metadata(user.user_id, {})
    auth0.users.update_app_metadata(user.user_id, {'a': 1})
