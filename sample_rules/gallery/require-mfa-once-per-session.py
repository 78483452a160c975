"""A second factor once in a session

`context.authentication.methods` has what the person did in this session. Not at a refresh, where nobody is there to
answer.
"""


def rule(user, context):
    if context.get("protocol") == "oauth2-refresh-token":
        return
    methods = (context.get("authentication") or {}).get("methods") or []
    if not any(method.get("name") == "mfa" for method in methods):
        context.multifactor = {"provider": "any", "allowRememberBrowser": False}
