# Ported from Auth0: only members of one directory group get in.

ALLOWED_GROUP = "Engineers"


def rule(user, context, callback):
    groups = user.get("groups")
    has_access = groups == ALLOWED_GROUP if isinstance(groups, str) else ALLOWED_GROUP in (groups or [])
    if not has_access:
        return callback(UnauthorizedError("Access denied."))
    callback(None, user, context)

# user {"groups": ["Engineers", "Staff"]}
# claims {}
#
# user {"groups": "Engineers"}
# claims {}
#
# denied "Access denied."
