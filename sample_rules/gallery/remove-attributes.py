"""Later rules do not see some of the user's attributes

Only what rules put on `context.idToken` and `context.accessToken` reaches a token here, so an attribute of `user` has
not to be removed to stay out of it; with Auth0's legacy logins it had. The record still shows what came in: `redact`
and `drop` in the tenant's settings are for that.
"""

UNWANTED = ("some_attribute", "other_attribute")


def rule(user, context):
    for name in UNWANTED:
        user.pop(name, None)
