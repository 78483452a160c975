"""Email address in the access token, in the callback form

Rules written for Auth0 end by calling back. Call exactly once: `callback(None, user, context)` goes on,
`callback(UnauthorizedError("..."))` denies.
"""


def rule(user, context, callback):
    email = user.get("email")
    if not email:
        callback(UnauthorizedError("this application needs an email address"))
        return
    context.accessToken["https://example.com/email"] = email
    callback(None, user, context)
