"""Only verified addresses

Anything but a plain `true` counts as not verified: identity providers send "false" as text, too.
"""


def rule(user, context):
    if user.get("email_verified") is not True:
        raise UnauthorizedError("Please verify your email before logging in.")
