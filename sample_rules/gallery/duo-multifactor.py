"""A second factor by Duo, for listed applications

Settings: `DUO_IKEY`, `DUO_SKEY` and `DUO_HOST`, from Duo's page of the application. Unlike Auth0's it does not ask at a
refresh, where nobody is there to answer.
"""

CLIENTS = ["REPLACE_WITH_YOUR_CLIENT_ID"]


def rule(user, context):
    if context.get("clientID") not in CLIENTS or context.get("protocol") == "oauth2-refresh-token":
        return
    context.multifactor = {
        "provider": "duo",
        "ikey": configuration.DUO_IKEY,
        "skey": configuration.DUO_SKEY,
        "host": configuration.DUO_HOST,
        "allowRememberBrowser": False,
    }
