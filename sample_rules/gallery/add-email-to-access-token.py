"""The email address in the access token

Access tokens hold no profile by themselves. An API that needs the address gets it under a namespace.
"""


def rule(user, context):
    if email := user.get("email"):
        context.accessToken["https://example.com/email"] = email
