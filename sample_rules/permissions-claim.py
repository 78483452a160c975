"""The user's permissions as a claim

Runs after authorization-extension and copies what that left on the user to where a token is made from.
The name has a namespace because `permissions` alone belongs to the issuer and would be refused.
"""

CLAIM = "https://example.com/permissions"


def rule(user, context):
    permissions = user.get("permissions")
    if permissions is None:
        print("no rule before this one set user.permissions")
        return
    context.idToken[CLAIM] = permissions
    context.accessToken[CLAIM] = permissions
