"""Calls as Google's Identity Platform sends them to a blocking function: in a token, signed by a key of the tests."""

from __future__ import annotations

import json
import time
from typing import Any

import jwt

from tests.jwks import private

PROJECT = "shop-1a2b3"
ADDRESS = "https://claimsmith.example.com/v1/hooks/firebase/acme"
ISSUER = f"https://securetoken.google.com/{PROJECT}"
SECRET = {"type": "firebase", "project": PROJECT, "audience": ADDRESS}


def token(call: dict[str, Any], key: str = "rsa", kid: str | None = None, **changed: Any) -> str:
    """`...` takes a claim out."""
    now = int(time.time())
    known = {"iss": ISSUER, "aud": ADDRESS, "iat": now, "exp": now + 300, "sub": "ada"}
    payload = {name: value for name, value in (call | known | changed).items() if value is not ...}
    return signed(json.dumps(payload).encode(), key, kid)


def signed(payload: bytes, key: str = "rsa", kid: str | None = None) -> str:
    return jwt.PyJWS().encode(payload, private(key), "RS256", {"kid": kid or key})


def envelope(text: str) -> bytes:
    return json.dumps({"data": {"jwt": text}}).encode()


def sealed(body: bytes, **changed: Any) -> bytes:
    """A call on its way. One that is no object is signed as it is."""
    call = json.loads(body)
    return envelope(token(call, **changed) if isinstance(call, dict) else signed(body))
