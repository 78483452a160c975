"""Tokens as Entra ID gives itself to call a custom claims provider, signed by a key of the tests."""

from __future__ import annotations

import json
import time
from typing import Any

import jwt

from api.issuers.kinds import ENTRA_CALLER
from tests.jwks import private

DIRECTORY = "aaaabbbb-0000-cccc-1111-dddd2222eeee"
AUDIENCE = "ffff9999-0000-aaaa-1111-bbbb2222cccc"
ISSUER = f"https://login.microsoftonline.com/{DIRECTORY}/v2.0"
FIRST_ISSUER = f"https://sts.windows.net/{DIRECTORY}/"  # of tokens of version 1
SECRET = {"type": "entra", "tenant_id": DIRECTORY, "audience": AUDIENCE}


def token(key: str = "rsa", kid: str | None = None, **changed: Any) -> str:
    """`...` takes a claim out."""
    now = int(time.time())
    known = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "azp": ENTRA_CALLER,
        "iat": now,
        "nbf": now,
        "exp": now + 300,
        "ver": "2.0",
    }
    payload = {name: value for name, value in (known | changed).items() if value is not ...}
    return jwt.PyJWS().encode(json.dumps(payload).encode(), private(key), "RS256", {"kid": kid or key})


def bearer(text: str | None = None) -> dict[str, str]:
    return {"authorization": f"Bearer {token() if text is None else text}"}
