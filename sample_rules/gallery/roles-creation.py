"""A role by the domain of a verified address, kept in app_metadata

People of `example.com` are administrators, all others users. The role is a claim, and an update in the answer where
it is not in `app_metadata` yet. An address that is missing or not verified proves nothing and gets no role.
"""

ADMINISTRATORS = "example.com"


def rule(user, context):
    address = user.get("email") or ""
    if not address or user.get("email_verified") is not True:
        return
    domain = address.rpartition("@")[2].lower()
    roles = ["admin"] if domain == ADMINISTRATORS else ["user"]
    metadata = user.get("app_metadata") or {}
    if metadata.get("roles") != roles:
        user.app_metadata = metadata | {"roles": roles}
        auth0.users.update_app_metadata(user.user_id, {"roles": roles})
    context.idToken["https://example.com/roles"] = roles
