# Directory groups become roles through a mapping table; groups nobody mapped are ignored.

GROUP_ROLES = {
    "CN=Admins,OU=Groups,DC=example,DC=com": "admin",
    "CN=Finance,OU=Groups,DC=example,DC=com": "finance",
    "CN=Everyone,OU=Groups,DC=example,DC=com": "employee",
}


def rule(user, context):
    groups = user.get("groups") or []
    if isinstance(groups, str):
        groups = [groups]
    roles = sorted({GROUP_ROLES[group] for group in groups if group in GROUP_ROLES})
    context.idToken["https://example.com/roles"] = roles

# user {"groups": ["CN=Finance,OU=Groups,DC=example,DC=com", "CN=Everyone,OU=Groups,DC=example,DC=com",
#  "CN=Printers"]}
# claims {"https://example.com/roles": ["employee", "finance"]}
#
# user {"groups": "CN=Admins,OU=Groups,DC=example,DC=com"}
# claims {"https://example.com/roles": ["admin"]}
#
# claims {"https://example.com/roles": []}
