"""A second factor by Duo, for listed applications

Not at a refresh, where nobody is there to answer, and not again when the issuer says that it was given in this session:
the rules run again behind it, which they did not with Auth0.

Needs the configuration `DUO_IKEY`, `DUO_SKEY` and `DUO_HOST`, from Duo's page of the application.
"""

CLIENTS = ["REPLACE_WITH_YOUR_CLIENT_ID"]


def rule(user, context):
    if context.get("clientID") not in CLIENTS or context.get("protocol") == "oauth2-refresh-token":
        return
    methods = (context.get("authentication") or {}).get("methods") or []
    if any(method.get("name") == "mfa" for method in methods):
        return
    context.multifactor = {
        "provider": "duo",
        "ikey": configuration.DUO_IKEY,
        "skey": configuration.DUO_SKEY,
        "host": configuration.DUO_HOST,
        "allowRememberBrowser": False,
    }
