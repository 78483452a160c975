def rule(user, context):
    permissions = user.get("permissions", [])
    readable = [permission[5:] for permission in permissions if permission[:5] == "read:"]
    context["accessToken"]["https://example.com/readable"] = readable
