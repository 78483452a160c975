# Ported from Auth0: takes attributes away from the user before the later rules see it.

BLOCKLIST = ["user_metadata", "nickname", "phone_number"]


def rule(user, context):
    for key in list(user):
        if key in BLOCKLIST:
            del user[key]
    context.idToken["https://example.com/fields"] = sorted(user.keys())

# user {"nickname": "ada"}
# claims {"https://example.com/fields": ["app_metadata", "email", "permissions", "user_id"]}
