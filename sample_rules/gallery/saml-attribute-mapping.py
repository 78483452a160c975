"""Which attributes a SAML assertion carries

Sets `context.samlConfiguration.mappings`: the assertion's attribute, and where in the profile its value stands. An
answer has no SAML settings, so this reaches the rules that run later, and whoever reads the record; an issuer of SAML
assertions has no way to it yet.
"""

CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"
MAPPINGS = {
    f"{CLAIMS}/nameidentifier": "user_id",
    f"{CLAIMS}/emailaddress": "email",
    f"{CLAIMS}/name": "name",
    f"{CLAIMS}/food": "user_metadata.favorite_food",
    f"{CLAIMS}/address": "app_metadata.shipping_address",
}


def rule(user, context):
    saml = context.get("samlConfiguration") or {}
    context.samlConfiguration = saml | {"mappings": MAPPINGS}
