# The callback form of Auth0 rules, with an early way out.


def rule(user, context, callback):
    roles = (user.get("app_metadata") or {}).get("roles", [])
    if "banned" in roles:
        return callback(UnauthorizedError("Access denied."))

    context["idToken"]["https://example.com/roles"] = roles
    return callback(None, user, context)

# claims {"https://example.com/roles": ["admin", "staff"]}
#
# user {"app_metadata": {"roles": ["banned"]}}
# denied "Access denied."
