# Ported from Auth0: a second factor when the application asks for it and it was not given yet.

ACR = "http://schemas.openid.net/pape/policies/2007/06/multi-factor"


def rule(user, context):
    methods = (context.get("authentication") or {}).get("methods") or []
    done = any(method.get("name") == "mfa" for method in methods)
    asked = ACR in context.get("request", {}).get("query", {}).get("acr_values", "").split(" ")
    if asked and not done:
        context.multifactor = dict(provider="any", allowRememberBrowser=False)
    elif done:
        context.idToken["https://example.com/mfa"] = True

# context {"request": {"query": {"acr_values": "a http://schemas.openid.net/pape/policies/2007/06/multi-factor"}}}
# multifactor {"provider": "any", "allowRememberBrowser": false}
#
# context {"authentication": {"methods": [{"name": "pwd"}, {"name": "mfa"}]}}
# claims {"https://example.com/mfa": true}
#
# claims {}
