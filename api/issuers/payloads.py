"""Bodies of calls that are no JSON but a compact JWS (RFC 7515), or one inside a compact JWE (RFC 7516).

Pure functions over raw bytes. Which algorithms are taken stands here, not in a header: a header can only name one of
these, and has no member that is not known (RFC 8725 sections 3.1 and 3.10), so none that names a key or a compression.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from typing import TypeVar

import jwt
import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc import jwe
from joserfc.jwk import ECKey, RSAKey

T = TypeVar("T", bound="_Header")

# Of a JWS: those of Zitadel's web keys (internal/crypto of zitadel/zitadel).
SIGNATURES = ("RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "EdDSA")
# Of a JWE: how the content's key comes, by the kind of our key; and how the content is encrypted.
RSA, ECDH, CONTENT = "RSA-OAEP-256", "ECDH-ES+A256KW", "A256GCM"
CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
RSA_BITS = (2_048, 4_096)  # the most: it is our time that a larger one takes

LONGEST_HEADER = 1_024  # characters
LONGEST_PEM = 8_192
LONGEST_PAYLOAD = 64 * 1_048_576  # bytes: a call's own limit is less

_PART = rb"[A-Za-z0-9_-]"
_JWS = re.compile(rb"%b+\.%b+\.%b+" % (_PART, _PART, _PART))
_JWE = re.compile(rb"%b+\.%b+\.%b+\.%b+\.%b+" % (_PART, _PART, _PART, _PART, _PART))


class PayloadRefused(Exception):
    """A body that is not what the secret asks for. The text says why, and repeats nothing of it."""


class _Header(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    alg: str
    kid: str | None = None
    typ: str | None = None


class JwsHeader(_Header, frozen=True):
    """Of a JWS (RFC 7515 section 4). `alg` is one of `SIGNATURES`."""


class _Point(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A sender's own public key (RFC 7518 section 6.2.1)."""

    kty: str
    crv: str
    x: str
    y: str


class _JweHeader(_Header, frozen=True, kw_only=True):
    enc: str
    cty: str | None = None
    epk: _Point | None = None


_jws_header: msgspec.json.Decoder[JwsHeader] = msgspec.json.Decoder(JwsHeader)
_jwe_header: msgspec.json.Decoder[_JweHeader] = msgspec.json.Decoder(_JweHeader)


@dataclass(frozen=True)
class PrivateKey:
    """Half of a pair to whose other half calls are encrypted. `public` is that other half, as PEM."""

    algorithm: str
    public: str
    curve: str | None
    key: RSAKey | ECKey = field(repr=False)


def new_private_key() -> str:
    """A key on the curve P-256, as PEM: the most that every sender knows, and made in no time."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(pem, pkcs8, serialization.NoEncryption()).decode()


def read_private_key(pem: str) -> PrivateKey:
    """Raises `ValueError`, which does not repeat it."""
    if len(pem) > LONGEST_PEM:
        raise ValueError(f"a private key has at most {LONGEST_PEM} characters")
    try:
        # Whether its numbers are primes takes OpenSSL most of a second, at each change of any secret. One that is none
        # opens nothing.
        key = serialization.load_pem_private_key(pem.encode(), None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("a private key is PEM (PKCS #8), without a password") from None
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    if isinstance(key, rsa.RSAPrivateKey):
        least, most = RSA_BITS
        if not least <= key.key_size <= most:
            raise ValueError(f"a key of RSA has {least} to {most} bits; this has {key.key_size}")
        return PrivateKey(RSA, public.decode(), None, RSAKey.import_key(key))
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in CURVES:
        return PrivateKey(ECDH, public.decode(), CURVES[key.curve.name], ECKey.import_key(key))
    raise ValueError(f"a private key is one of RSA, or on one of the curves {', '.join(CURVES.values())}")


def jws_header(body: bytes) -> JwsHeader:
    """What a compact JWS says of itself; nothing of it is proven yet. Raises `PayloadRefused`."""
    if not _JWS.fullmatch(body):
        raise PayloadRefused("the body is no compact JWS")
    header = _header(body, _jws_header)
    if header.alg not in SIGNATURES:
        raise PayloadRefused(f"the JWS is signed by an algorithm that is none of {', '.join(SIGNATURES)}")
    return header


def decrypted(body: bytes, private: PrivateKey) -> bytes:
    """The content of a compact JWE to this key. Raises `PayloadRefused`, with one text for whatever is wrong inside."""
    if not _JWE.fullmatch(body):
        raise PayloadRefused("the body is no compact JWE")
    header = _header(body, _jwe_header)
    if header.alg != private.algorithm or header.enc != CONTENT:
        raise PayloadRefused(f"the JWE is not encrypted by {private.algorithm} and {CONTENT}, as to this key")
    if (header.epk.crv if header.epk else None) != private.curve:
        raise PayloadRefused("the JWE is encrypted to a key of another kind")
    try:
        content = jwe.decrypt_compact(body, private.key, registry=_registry(private)).plaintext
    except Exception as error:  # whatever a library makes of it: who sends it is told nothing more
        raise PayloadRefused("the JWE cannot be decrypted by this key") from error
    if content is None:
        raise PayloadRefused("the JWE cannot be decrypted by this key")
    return content


def signed_payload(payload: bytes, key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, kid: str, alg: str) -> bytes:
    """The other side: a compact JWS as Zitadel makes it."""
    return jwt.PyJWS().encode(payload, key, alg, {"kid": kid, "typ": "JWT"}).encode()


def encrypted(content: bytes, private: PrivateKey, kid: str) -> bytes:
    """The other side: a compact JWE as Zitadel makes it, which knows of the key its `public` half alone."""
    public = (RSAKey if private.algorithm == RSA else ECKey).import_key(private.public)
    header = {"alg": private.algorithm, "enc": CONTENT, "kid": kid, "typ": "JWT", "cty": "JWT"}
    return jwe.encrypt_compact(header, content, public, registry=_registry(private)).encode()


def _registry(private: PrivateKey) -> jwe.JWERegistry:
    registry = jwe.JWERegistry(algorithms=[private.algorithm, CONTENT])
    registry.max_ciphertext_length = LONGEST_PAYLOAD
    return registry


def _header(body: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    encoded = body.partition(b".")[0]
    if len(encoded) > LONGEST_HEADER:
        raise PayloadRefused(f"the header of the body is longer than {LONGEST_HEADER} characters")
    try:
        header = decoder.decode(base64.urlsafe_b64decode(encoded + b"=" * (-len(encoded) % 4)))
    except (ValueError, binascii.Error):
        raise PayloadRefused("the header of the body cannot be read, or has a member that is not taken") from None
    if (header.typ or "JWT").upper() != "JWT":
        raise PayloadRefused("the body is a token of another type than JWT")
    return header
