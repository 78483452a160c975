"""No sign-up by social connections, for listed applications

The first login of an account by a social connection is refused, and so is every later one: `app_metadata.is_signup`
remembers it. The application sees `access_denied`, as with Auth0.
"""

CLIENTS = ["REPLACE_WITH_YOUR_CLIENT_ID"]


def rule(user, context, callback):
    if context.get("clientID") not in CLIENTS:
        callback(None, user, context)
        return
    metadata = user.get("app_metadata") or {}
    logins = (context.get("stats") or {}).get("loginsCount", 0)
    social = context.get("connectionStrategy") == context.get("connection")
    if social and logins == 1:
        user.app_metadata = metadata | {"is_signup": True}
        auth0.users.update_app_metadata(user.user_id, {"is_signup": True})
        callback("Signup disabled")
    elif metadata.get("is_signup"):
        callback("Signup disabled")
    else:
        callback(None, user, context)
