"""A second factor where the device may be a new one

The issuer says in `context.riskAssessment` how sure it is that the device is known. Whoever has a second factor is
asked for it where that is `low` or `medium`. Unlike Auth0's it does not ask at a refresh, where nobody is there to
answer.
"""


def rule(user, context):
    if context.get("protocol") == "oauth2-refresh-token" or not user.get("multifactor"):
        return
    assessments = (context.get("riskAssessment") or {}).get("assessments") or {}
    confidence = (assessments.get("NewDevice") or {}).get("confidence")
    if confidence in ("low", "medium"):
        context.multifactor = {"provider": "any", "allowRememberBrowser": False}
