"""Country and time zone of the login

From what the issuer knows about the address. What it does not know is no claim.
"""

NAMESPACE = "https://example.com/"


def rule(user, context):
    place = (context.get("request") or {}).get("geoip") or {}
    for claim, field in {"country": "country_name", "timezone": "time_zone"}.items():
        if value := place.get(field):
            context.idToken[NAMESPACE + claim] = value
