"""What a user may do, as the Authorization Extension knew it

Puts groups, roles and permissions on the user, for the rules that run after it. The policy table is the
one the extension left in `app_metadata.authorization`. No token gets any of it: see permissions-claim.
"""


def rule(user, context):
    policy = (user.get("app_metadata") or {}).get("authorization") or {}
    permissions = policy.get("permissions", [])
    user.groups = policy.get("groups", [])
    user.roles = policy.get("roles", [])
    user.permissions = permissions
    print(f"{len(permissions)} permissions for {user.user_id}")
