"""A second factor for members of listed groups

The groups are those that the Authorization Extension left in `app_metadata.authorization`. Unlike Auth0's it does not
ask at a refresh, where nobody is there to answer.
"""

GROUPS = ["admins"]


def rule(user, context):
    if context.get("protocol") == "oauth2-refresh-token":
        return
    authorization = (user.get("app_metadata") or {}).get("authorization") or {}
    if any(group in GROUPS for group in authorization.get("groups") or []):
        context.multifactor = {"provider": "guardian", "allowRememberBrowser": False}
