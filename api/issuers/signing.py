"""The other side: the headers by which a call shows that it has a secret. For simulations and tests."""

from __future__ import annotations

import base64
import uuid

from api.issuers.kinds import Basic, Bearer, Cookie, Entra, Firebase, Header, Jwt, Secret, SigningKey, StandardWebhooks
from api.issuers.signatures import SCHEMES, read_webhook_key, sign_timed, sign_webhook


def signed(secret: Secret, scheme: str | None, body: bytes, now: float) -> dict[str, str]:
    """The headers of a call with this body, made at `now` (seconds). Raises `ValueError` for a secret that only another
    service can speak for: a token is signed by its issuer's own key. A body in a JWT or JWE is signed as it is sent."""
    match secret:
        case Header():
            return {secret.name: secret.value}
        case Cookie():
            return {"cookie": f"{secret.name}={secret.value}"}
        case Basic():
            credentials = base64.b64encode(f"{secret.username}:{secret.password}".encode()).decode()
            return {"authorization": f"Basic {credentials}"}
        case Bearer():
            return {"authorization": f"Bearer {secret.value}"}
        case StandardWebhooks():
            return sign_webhook(read_webhook_key(secret.value), str(uuid.uuid4()), int(now), body)
        case SigningKey():
            assert scheme is not None, "a signing key needs a scheme"
            return sign_timed(SCHEMES[scheme], secret.value, body, now)
        case Jwt() | Entra() | Firebase():
            raise ValueError("a token is signed by the key of the issuer that it comes from")
