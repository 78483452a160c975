"""Where the login comes from, kept and put into the ID token

`user_metadata.geoip` holds the place of the last login. A login whose place is not known changes nothing.
"""


def rule(user, context):
    place = (context.get("request") or {}).get("geoip")
    if not place:
        return
    user.user_metadata = (user.get("user_metadata") or {}) | {"geoip": place}
    auth0.users.update_user_metadata(user.user_id, {"geoip": place})
    context.idToken["https://example.com/geoip"] = place
