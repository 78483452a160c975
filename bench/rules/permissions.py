NAMESPACE = "https://example.com/"


def rule(user, context):
    context["idToken"][NAMESPACE + "permissions"] = user.get("permissions", [])
    context["idToken"][NAMESPACE + "plan"] = user["app_metadata"].get("plan", "free")
