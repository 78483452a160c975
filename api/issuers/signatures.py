"""Signatures over the raw bytes of a hook's call: who holds the key has sent exactly these bytes, and just now.

Standard Webhooks 1.0.0 (Supabase, Cognito's shim, native callers), and the construction that Zitadel and WorkOS share.
Pure functions: the time is an argument, in seconds. Whatever a caller puts into a header is an `Outcome`, never an
exception.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

# `unsigned`: no signature that can be read; `stale`: not of these minutes; `signature`: not made with this key.
Outcome = Literal["matched", "unsigned", "stale", "signature"]

WINDOW = 300.0  # seconds between both clocks and on the way, before and after (Standard Webhooks, "Verifying")
LONGEST_HEADER = 4096
MOST_SIGNATURES = 10  # of one call; senders sign with two keys during a rotation
MOST_V1A = 3  # of those: each is another look at all of the body, where one HMAC is compared with any number
LONGEST_TIMESTAMP = 15  # digits
SHORTEST_SECRET, LONGEST_SECRET = 24, 64  # bytes (Standard Webhooks, "Signature scheme")

# No braces: so an id cannot swallow the beginning of a JSON object, whatever full stops the two have.
_ID = re.compile(r"[!-z|~]{1,255}")
_DIGITS = re.compile(rf"[0-9]{{1,{LONGEST_TIMESTAMP}}}")
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_SIZES = {
    "whsec_": (SHORTEST_SECRET, LONGEST_SECRET),
    "whsk_": (32, 64),  # a seed of Ed25519, or the seed with its public key
    "whpk_": (32, 32),
}


# Standard Webhooks


@dataclass(frozen=True)
class WebhookKey:
    """A key of Standard Webhooks: `whsec_` signs and verifies `v1`, `whsk_` signs `v1a`, `whpk_` verifies it."""

    kind: Literal["whsec_", "whsk_", "whpk_"]
    raw: bytes = field(repr=False)


def read_webhook_key(text: str) -> WebhookKey:
    """The key that is written `whsec_...`, `whpk_...` or `whsk_...`, also with Supabase's `v1,` or `v1a,` before it.

    Raises `ValueError` saying what is wrong; it never repeats the text.
    """
    version, comma, rest = text.partition(",")
    written = rest if comma and version in ("v1", "v1a") else text
    kind, underscore, encoded = written.partition("_")
    match kind + underscore:
        case "whsec_" | "whsk_" | "whpk_" as known:
            raw = _decoded(encoded)
        case _:
            raise ValueError("a key of Standard Webhooks begins with `whsec_`, or `whpk_` for a public key")
    if raw is None:
        raise ValueError(f"what follows `{known}` is not base64")
    least, most = _SIZES[known]
    if not least <= len(raw) <= most:
        sizes = str(least) if least == most else f"{least} to {most}"
        raise ValueError(f"a key `{known}` has {sizes} bytes before they are written as base64; this has {len(raw)}")
    return WebhookKey(known, raw)


def verify_webhook(key: WebhookKey, headers: Mapping[str, str], body: bytes, now: float) -> Outcome:
    """Whether the call was signed with `key`: by one of several signatures, in spaces or in Supabase's ", ".

    `headers` by names in lower case. `whsk_` verifies nothing.
    """
    message, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    given = _webhook_signatures(headers.get("webhook-signature", ""))
    if given is None or not _ID.fullmatch(message) or not _DIGITS.fullmatch(timestamp):
        return "unsigned"
    if not _within(int(timestamp), now, WINDOW):
        return "stale"
    content = _webhook_content(message, timestamp, body)
    if key.kind == "whsec_":
        expected = _webhook_hmac(key, content)
        return _any_equal(expected, [text for version, text in given if version == "v1"])
    if key.kind == "whpk_":
        texts = [text for version, text in given if version == "v1a"]
        if len(texts) > MOST_V1A:
            return "unsigned"
        # Not all of them: nobody learns anything from how long a public key takes.
        return "matched" if any(_ed25519_verifies(key.raw, text, content) for text in texts) else "signature"
    return "signature"


def sign_webhook(key: WebhookKey, id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers for a call with this body. Raises `ValueError` for `whpk_`, and for an id that no receiver
    would take."""
    if not _ID.fullmatch(id):
        raise ValueError("a webhook's id has 1 to 255 visible ASCII characters, and no braces")
    content = _webhook_content(id, str(timestamp), body)
    match key.kind:
        case "whsec_":
            signature = f"v1,{_webhook_hmac(key, content)}"
        case "whsk_":
            made = Ed25519PrivateKey.from_private_bytes(key.raw[:32]).sign(content)
            signature = f"v1a,{base64.b64encode(made).decode()}"
        case "whpk_":
            raise ValueError("a public key (`whpk_`) signs nothing; give the private one (`whsk_`)")
    return {"webhook-id": id, "webhook-timestamp": str(timestamp), "webhook-signature": signature}


def _webhook_content(id: str, timestamp: str, body: bytes) -> bytes:
    return f"{id}.{timestamp}.".encode() + body


def _webhook_hmac(key: WebhookKey, content: bytes) -> str:
    return base64.b64encode(hmac.digest(key.raw, content, "sha256")).decode()


def _webhook_signatures(header: str) -> list[tuple[str, str]] | None:
    """Each signature with its version; None where there is none, or too much."""
    if len(header) > LONGEST_HEADER or not header.isascii():
        return None
    parts = [part.rstrip(",").partition(",") for part in header.split()]
    given = [(version, text) for version, _, text in parts if text]
    return given if 0 < len(given) <= MOST_SIGNATURES else None


def _ed25519_verifies(raw: bytes, text: str, content: bytes) -> bool:
    if (signature := _decoded(text)) is None:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(raw).verify(signature, content)
    except (InvalidSignature, ValueError):
        return False
    return True


# Zitadel and WorkOS


class Scheme(NamedTuple):
    """A header `t=<time>,v1=<hex>[,v1=<hex>...]`: HMAC-SHA256 over the time, a full stop and the body."""

    header: str
    per_second: int
    window: float  # seconds, before and after


SCHEMES = {
    "zitadel": Scheme("zitadel-signature", 1, 300.0),  # pkg/actions/signing.go of zitadel/zitadel
    "workos": Scheme("workos-signature", 1000, 30.0),  # of the SDKs, for actions
}


def verify_timed(scheme: Scheme, key: str, headers: Mapping[str, str], body: bytes, now: float) -> Outcome:
    """Whether the call was signed with `key`. `headers` by names in lower case."""
    found = _timed_header(headers.get(scheme.header, ""))
    if found is None:
        return "unsigned"
    timestamp, given = found
    if not _within(int(timestamp) / scheme.per_second, now, scheme.window):
        return "stale"
    return _any_equal(timed_signature(key, timestamp, body), given)


def sign_timed(scheme: Scheme, key: str, body: bytes, now: float) -> dict[str, str]:
    """The header for a call with this body."""
    timestamp = str(int(now * scheme.per_second))
    return {scheme.header: f"t={timestamp},v1={timed_signature(key, timestamp, body)}"}


def timed_signature(key: str, timestamp: str, body: bytes) -> str:
    """The signature alone. WorkOS wants one of an answer: over the milliseconds and the compact JSON of its payload."""
    return hmac.digest(key.encode(), timestamp.encode() + b"." + body, "sha256").hex()


def _timed_header(header: str) -> tuple[str, list[str]] | None:
    """The time and the signatures; None where it has not exactly one time and some signatures."""
    if len(header) > LONGEST_HEADER or not header.isascii():
        return None
    parts = [part.strip().partition("=") for part in header.split(",")]
    times = [value for name, _, value in parts if name == "t"]
    given = [value for name, _, value in parts if name == "v1" and value]
    if len(times) != 1 or not _DIGITS.fullmatch(times[0]) or not 0 < len(given) <= MOST_SIGNATURES:
        return None
    return times[0], given


# Both


def _within(timestamp: float, now: float, window: float) -> bool:
    return abs(now - timestamp) <= window


def _any_equal(expected: str, given: list[str]) -> Outcome:
    """All are compared, each in constant time, so that the time does not tell which one came near."""
    equal = [hmac.compare_digest(expected, text) for text in given]
    return "matched" if any(equal) else "signature"


def _decoded(text: str) -> bytes | None:
    """Base64 with or without its padding, as senders' libraries take it; None for anything else."""
    if not _BASE64.fullmatch(text):
        return None
    bare = text.rstrip("=")
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except binascii.Error:
        return None
