"""An address that logs the person in at Zendesk

The application reads the claim and sends the browser there. The token in it is signed by HS256, has its own `jti`,
and Zendesk takes it for a few minutes.

Needs the configuration `ZENDESK_JWT_SECRET`. `iat` has whole seconds, as Zendesk asks for; Auth0's template had
fractions.
"""

import time
import uuid

import jwt

SIGN_IN = "https://example.zendesk.com/access/jwt"  # yours; a configuration value would be masked in records


def rule(user, context):
    email = user.get("email")
    if not email:
        return
    payload = {
        "iat": int(time.time()),
        "jti": str(uuid.uuid4()),
        "email": email,
        "name": user.get("name") or email,
        "external_id": user.user_id,
    }
    token = jwt.encode(payload, configuration.ZENDESK_JWT_SECRET)
    context.idToken["https://example.com/zendesk_jwt_url"] = f"{SIGN_IN}?jwt={token}"
