"""A call that stands whole in a token, which its body carries, as Google's Identity Platform sends it:
`{"data": {"jwt": "..."}}`."""

from __future__ import annotations

import base64
import binascii

import msgspec


class _Data(msgspec.Struct, frozen=True):
    jwt: str


class _Envelope(msgspec.Struct, frozen=True):
    data: _Data


_envelope = msgspec.json.Decoder(_Envelope)


def token_in(body: bytes) -> str:
    """The token, not verified; empty where there is none. Raises nothing, whatever the bytes are."""
    try:
        return _envelope.decode(body).data.jwt
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""


def payload_in(body: bytes) -> bytes:
    """What the token of this body says (RFC 7519 section 3): JSON, once the token has been verified. The token is found
    as it was for that, so that no body has one to verify and another to read. Empty where there is none."""
    payload = token_in(body).partition(".")[2].partition(".")[0]
    try:
        return base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    except (ValueError, binascii.Error):
        return b""
