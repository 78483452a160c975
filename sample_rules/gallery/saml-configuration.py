"""SAML settings of one application

Audience, recipient, destination and lifetime of its assertions. An answer has no SAML settings, so this reaches the
rules that run later, and whoever reads the record (warning `no_effect`).
"""

CLIENT = "{YOUR_SAMLP_OR_WSFED_CLIENT_ID}"
SETTINGS = {
    "audience": "urn:foo",
    "recipient": "http://foo",
    "destination": "http://foo",
    "lifetimeInSeconds": 3600,
}


def rule(user, context):
    if context.get("clientID") != CLIENT:
        return
    saml = context.get("samlConfiguration") or {}
    context.samlConfiguration = saml | SETTINGS
