"""Only verified email addresses

Anything but a plain `true` counts as not verified: identity providers send "false" as text, too.
"""


def rule(user, context):
    if user.get("email_verified") is not True:
        raise UnauthorizedError("please verify your email address before you log in")
