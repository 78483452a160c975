"""A second factor for members of listed groups

The groups are those that the Authorization Extension left in `app_metadata.authorization`. Not at a refresh, where
nobody is there to answer, and not again when the issuer says that it was given in this session: the rules run again
behind it, which they did not with Auth0.
"""

GROUPS = ["admins"]


def rule(user, context):
    if context.get("protocol") == "oauth2-refresh-token":
        return
    methods = (context.get("authentication") or {}).get("methods") or []
    if any(method.get("name") == "mfa" for method in methods):
        return
    authorization = (user.get("app_metadata") or {}).get("authorization") or {}
    if any(group in GROUPS for group in authorization.get("groups") or []):
        context.multifactor = {"provider": "guardian", "allowRememberBrowser": False}
