"""A second factor where the device may be a new one

The issuer says in `context.riskAssessment` how sure it is that the device is known. Whoever has a second factor is
asked for it where that is `low` or `medium`. Not at a refresh, where nobody is there to answer, and not again when the
issuer says that it was given in this session: the rules run again behind it, which they did not with Auth0.
"""


def rule(user, context):
    if context.get("protocol") == "oauth2-refresh-token" or not user.get("multifactor"):
        return
    methods = (context.get("authentication") or {}).get("methods") or []
    if any(method.get("name") == "mfa" for method in methods):
        return
    assessments = (context.get("riskAssessment") or {}).get("assessments") or {}
    confidence = (assessments.get("NewDevice") or {}).get("confidence")
    if confidence in ("low", "medium"):
        context.multifactor = {"provider": "any", "allowRememberBrowser": False}
