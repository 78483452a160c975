"""A second factor for sensitive applications, or from outside the office

Not at a refresh, where nobody is there to answer, and not twice in one login.
"""

SENSITIVE = {"bank", "payroll"}
OFFICE = ("10.", "192.0.2.")


def rule(user, context):
    if context.get("protocol") == "oauth2-refresh-token":
        return
    methods = (context.get("authentication") or {}).get("methods", [])
    if any(method.get("name") == "mfa" for method in methods):
        return
    address = (context.get("request") or {}).get("ip") or ""
    if context.get("clientID") in SENSITIVE or not address.startswith(OFFICE):
        context.multifactor = {"provider": "any", "allowRememberBrowser": False}
