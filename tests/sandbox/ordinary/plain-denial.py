# The shortest rule that denies.


def rule(user, context):
    if user.get("blocked") or "suspended" in user["app_metadata"].get("flags", []):
        raise UnauthorizedError("user is blocked")

# claims {}
#
# user {"blocked": true}
# denied "user is blocked"
#
# user {"app_metadata": {"flags": ["suspended"]}}
# denied "user is blocked"
