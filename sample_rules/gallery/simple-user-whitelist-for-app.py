"""Only people with a listed, verified address use one application

As in Auth0's template, an address that is missing or not verified is refused for every application. To leave the
others alone, ask for the application first.
"""

APPLICATION = "NameOfTheAppWithWhiteList"
PEOPLE = {"user1@example.com", "user2@example.com"}


def rule(user, context):
    address = (user.get("email") or "").lower()
    if not address or user.get("email_verified") is not True:
        raise UnauthorizedError("Access denied.")
    if context.get("clientName") == APPLICATION and address not in PEOPLE:
        raise UnauthorizedError("Access denied.")
