"""Only members of one directory group

Directories send `user.groups` as a list, or as one text where there is only one.
"""

GROUP = "group1"


def rule(user, context):
    groups = user.get("groups") or []
    if isinstance(groups, str):
        groups = [groups]
    if GROUP not in groups:
        raise UnauthorizedError("Access denied.")
