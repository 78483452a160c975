ROLES = {"admin": "administrator", "staff": "employee", "guest": "visitor"}


def rule(user, context):
    mapped = [ROLES.get(role, role) for role in user["app_metadata"].get("roles", [])]
    context["idToken"]["https://example.com/roles"] = mapped
    context["accessToken"]["https://example.com/roles"] = mapped
