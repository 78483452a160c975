# Ported from Auth0: role by e-mail domain, remembered in app_metadata and put into the token.


def rule(user, context, callback):
    def add_roles_to_user(user):
        ends_with_us = user.get("email") and user["email"].endswith("@example.com")
        return ["admin"] if ends_with_us and user.get("email_verified") else ["user"]

    user["app_metadata"] = user.get("app_metadata") or {}
    roles = add_roles_to_user(user)
    user["app_metadata"]["roles"] = roles
    auth0.users.updateAppMetadata(user["user_id"], {"roles": roles})
    context["idToken"]["https://example.com/roles"] = user["app_metadata"]["roles"]
    callback(None, user, context)

# user {"email_verified": true}
# claims {"https://example.com/roles": ["admin"]}
# app_metadata {"roles": ["admin"]}
#
# user {"app_metadata": null}
# claims {"https://example.com/roles": ["user"]}
# app_metadata {"roles": ["user"]}
