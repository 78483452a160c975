"""A second factor has to be set up

Who has none (`user.multifactor` names those that are set up) is asked for one, and sets it up on the way. Not at a
refresh, where nobody is there to answer, and not again when the issuer says that it was given in this session.
"""


def rule(user, context):
    if user.get("multifactor") or context.get("protocol") == "oauth2-refresh-token":
        return
    methods = (context.get("authentication") or {}).get("methods") or []
    if not any(method.get("name") == "mfa" for method in methods):
        context.multifactor = {"provider": "any"}
