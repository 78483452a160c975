"""Only verified addresses

A social connection may send no `email_verified` at all: that counts as not verified.
"""


def rule(user, context):
    if not user.get("email_verified"):
        raise UnauthorizedError("Please verify your email before logging in.")
