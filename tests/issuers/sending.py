"""A call as its issuer sends it: headers and body, with whatever shows who sends it."""

from __future__ import annotations

import time
from typing import Any

import msgspec

from api.issuers.issuer import Issuer
from api.issuers.kinds import Entra, Firebase, Secret, read_secret
from api.issuers.signing import signed
from tests.issuers import entra_tokens, firebase_tokens

OF_TOKENS = ("entra", "firebase")  # kinds of secret whose calls are signed by a key of the tests
LIFE = 300  # seconds of a token


def ours(secret: dict[str, Any], keys: str) -> dict[str, Any]:
    """A secret that knows tokens by the keys at an address of the tests."""
    return secret | {"jwks_url": keys} if secret["type"] in OF_TOKENS else secret


def sent(issuer: Issuer, plain: dict[str, Any], body: bytes, now: float | None = None) -> tuple[dict[str, str], bytes]:
    """`now` is when it is made, in seconds."""
    now = time.time() if now is None else now
    secret: Secret = read_secret(msgspec.json.encode(plain))
    match secret:
        case Entra():
            return entra_tokens.bearer(entra_tokens.token(exp=int(now) + LIFE)), body
        case Firebase():
            return {}, firebase_tokens.sealed(body, exp=int(now) + LIFE)
    return signed(secret, issuer.scheme, body, now), body
