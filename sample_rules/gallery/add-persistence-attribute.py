"""A preference with a default, kept and put into the ID token

The default goes to `user_metadata.color` at the first login, as an update for the issuer to store.
"""

DEFAULT = "blue"


def rule(user, context):
    metadata = user.get("user_metadata") or {}
    color = metadata.get("color", DEFAULT)
    user.user_metadata = metadata | {"color": color}
    auth0.users.update_user_metadata(user.user_id, {"color": color})
    context.idToken["https://example.com/favorite_color"] = color
