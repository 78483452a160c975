STAFF = ("example.com", "example.org")


def rule(user, context):
    domain = user["email"].rpartition("@")[2].lower()
    context["idToken"]["https://example.com/staff"] = domain in STAFF
