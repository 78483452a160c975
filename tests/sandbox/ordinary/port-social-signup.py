# Ported from Auth0: no sign-up by social connections; who was seen before may log in.

SOCIAL = {"google-oauth2", "facebook", "windowslive"}


def rule(user, context):
    user.app_metadata = user.get("app_metadata") or {}
    is_social = context.get("connectionStrategy") in SOCIAL
    first = context.stats.loginsCount == 1
    if first and is_social and not user.app_metadata.get("known"):
        auth0.users.update_app_metadata(user.user_id, {"is_signup": True})
        raise UnauthorizedError("Signup disabled")
    if user.app_metadata.get("is_signup"):
        raise UnauthorizedError("Signup disabled")

# context {"stats": {"loginsCount": 1}, "connectionStrategy": "facebook"}
# denied "Signup disabled"
# app_metadata {"is_signup": true}
#
# user {"app_metadata": {"is_signup": true}}
# denied "Signup disabled"
#
# claims {}
