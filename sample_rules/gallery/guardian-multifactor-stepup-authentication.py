"""A second factor where the application asks for one

It asks by `acr_values` in its request, for instance before something sensitive. Who has given it in this session is not
asked again.
"""

MULTI_FACTOR = "http://schemas.openid.net/pape/policies/2007/06/multi-factor"


def rule(user, context):
    query = (context.get("request") or {}).get("query") or {}
    if MULTI_FACTOR not in query.get("acr_values", "").split():
        return
    methods = (context.get("authentication") or {}).get("methods") or []
    if not any(method.get("name") == "mfa" for method in methods):
        context.multifactor = {"provider": "any", "allowRememberBrowser": False}
