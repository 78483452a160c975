"""Only people with a verified address of listed domains log in"""

DOMAINS = {"example.com", "example.org"}


def rule(user, context):
    domain = (user.get("email") or "").rpartition("@")[2].lower()
    if user.get("email_verified") is not True or domain not in DOMAINS:
        raise UnauthorizedError("Access denied.")
