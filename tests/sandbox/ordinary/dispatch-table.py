# One function per connection, chosen by a table.


def from_google(user):
    return {"picture": user.get("picture"), "verified": True}


def from_directory(user):
    return {"groups": sorted(user.get("groups", [])), "upn": user["email"].upper()}


def unknown(user):
    return {}


HANDLERS = {"google-oauth2": from_google, "waad": from_directory, "ad": from_directory}


def rule(user, context):
    handler = HANDLERS.get(context.get("connectionStrategy"), unknown)
    for name, value in handler(user).items():
        context.idToken[f"https://example.com/{name}"] = value

# context {"connectionStrategy": "google-oauth2"}
# claims {"https://example.com/picture": null, "https://example.com/verified": true}
#
# user {"groups": ["b", "a"]}
# context {"connectionStrategy": "ad"}
# claims {"https://example.com/groups": ["a", "b"], "https://example.com/upn": "ADA@EXAMPLE.COM"}
#
# claims {}
