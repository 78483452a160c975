"""A signed token for another API, inside of the ID token

For an API that has a client and secret of its own and cannot take the issuer's tokens: it checks the signature (HS256)
by its secret.

Needs the configuration `TARGET_API_CLIENT_ID`, `TARGET_API_CLIENT_SECRET` (in base64) and `TARGET_API_ISSUER`, which is
what the API expects as `iss`: in Auth0's template that stood in the script.
"""

import base64
import time

import jwt

LIFETIME = 10 * 3600


def rule(user, context):
    secret = configuration.TARGET_API_CLIENT_SECRET
    key = base64.urlsafe_b64decode(secret.replace("+", "-").replace("/", "_") + "=" * (-len(secret) % 4))
    now = int(time.time())
    claims = {
        "user_id": user.user_id,
        "email": user.get("email"),
        "name": user.get("name"),
        "aud": configuration.TARGET_API_CLIENT_ID,
        "iss": configuration.TARGET_API_ISSUER,
        "sub": user.user_id,
        "iat": now,
        "exp": now + LIFETIME,
    }
    context.idToken["https://example.com/id_token"] = jwt.encode(claims, key, algorithm="HS256")
