# A doc string for the module, and a test at the end that never runs here.

"""Adds the department."""


def rule(user, context):
    """Adds the department to the ID token."""
    department = (user.get("app_metadata") or {}).get("department", "none")
    context["idToken"]["https://example.com/department"] = department


if __name__ == "__main__":
    rule({"email": "test@example.com"}, {"idToken": {}})

# claims {"https://example.com/department": "none"}
