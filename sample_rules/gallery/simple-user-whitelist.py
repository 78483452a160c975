"""Only people with a listed, verified address log in"""

PEOPLE = {"user1@example.com", "user2@example.com"}


def rule(user, context):
    address = (user.get("email") or "").lower()
    if user.get("email_verified") is not True or address not in PEOPLE:
        raise UnauthorizedError("Access denied.")
