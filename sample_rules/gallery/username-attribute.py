"""The user name is copied into app_metadata

As an update in the answer, where it is not there yet. Who has no user name, as after a social login, is left alone.
"""


def rule(user, context):
    username = user.get("username")
    metadata = user.get("app_metadata") or {}
    if not username or metadata.get("username") == username:
        return
    user.app_metadata = metadata | {"username": username}
    auth0.users.update_app_metadata(user.user_id, {"username": username})
