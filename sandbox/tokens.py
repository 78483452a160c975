"""`jwt` for rules: JSON Web Tokens (RFC 7519) that are signed by HMAC, under the names that PyJWT has for them.

Only HS256, HS384 and HS512 exist here. A token that names another algorithm (`none` too) is refused before its
signature is looked at, and the caller has to name the algorithms that it expects.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.plain import NotPlain, plain

ALGORITHMS = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}
DEPTH = 32
# What makes a key a public one: whoever knows it could sign, if it were taken for a secret.
PUBLIC_KEYS = re.compile(
    rb"-----BEGIN [A-Z ]+-----|^\s*(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-|sk-(?:ssh|ecdsa)-)|^\s*\{.*\"kty\"", re.DOTALL
)
TIMES = ("exp", "nbf", "iat")


class PyJWTError(Exception):
    """Anything that goes wrong with a token."""


class InvalidTokenError(PyJWTError):
    """The token is not to be trusted."""


class DecodeError(InvalidTokenError):
    """The token cannot be read."""


class InvalidSignatureError(DecodeError):
    """The token was not signed with this key."""


class ExpiredSignatureError(InvalidTokenError):
    """The token's `exp` has passed."""


class ImmatureSignatureError(InvalidTokenError):
    """The token's `nbf` or `iat` has not come yet."""


class InvalidIssuedAtError(InvalidTokenError):
    """The token's `iat` is no time."""


class InvalidAudienceError(InvalidTokenError):
    """The token is for somebody else."""


class InvalidIssuerError(InvalidTokenError):
    """The token is from somebody else."""


class InvalidAlgorithmError(InvalidTokenError):
    """The algorithm does not exist here, or is not the one that was expected."""


class MissingRequiredClaimError(InvalidTokenError):
    """A claim that was required is not in the token."""


class InvalidKeyError(PyJWTError):
    """The key cannot be a secret."""


EXCEPTIONS: tuple[type[PyJWTError], ...] = (
    PyJWTError,
    InvalidTokenError,
    DecodeError,
    InvalidSignatureError,
    ExpiredSignatureError,
    ImmatureSignatureError,
    InvalidIssuedAtError,
    InvalidAudienceError,
    InvalidIssuerError,
    InvalidAlgorithmError,
    MissingRequiredClaimError,
    InvalidKeyError,
)


def encode(
    payload: dict[str, Any],
    key: str | bytes,
    algorithm: str = "HS256",
    headers: dict[str, Any] | None = None,
) -> str:
    """A signed token. Raises `TypeError` for a payload that JSON cannot say, or a `PyJWTError`."""
    if type(payload) is not dict:
        raise TypeError(f"the payload of a token is a dict, not a `{type(payload).__name__}`")
    claims = dict(payload)
    for name in TIMES:
        if type(claims.get(name)) is datetime.datetime:
            claims[name] = int(claims[name].timestamp())
    header = {"alg": _algorithm(algorithm), "typ": "JWT"}
    if headers is not None:
        if type(headers) is not dict or "alg" in headers or "crit" in headers:
            raise TypeError("`headers` is a dict without `alg` and `crit`")
        header |= headers
    try:
        parts = [_text(plain(header, DEPTH), sort_keys=True), _text(plain(claims, DEPTH), sort_keys=False)]
    except NotPlain as error:
        raise TypeError(f"the token: {error}") from None
    signed = b".".join(parts)
    return b".".join((signed, _base64(_signature(signed, key, algorithm)))).decode()


def decode(
    now: float,
    token: str | bytes,
    key: str | bytes,
    algorithms: Sequence[str] | None,
    options: Mapping[str, Any] | None,
    audience: Any,
    issuer: Any,
    leeway: float | datetime.timedelta,
) -> dict[str, Any]:
    """The claims of a token, at the time `now` (seconds since the epoch). Raises the `PyJWTError` that fits.

    `options` are PyJWT's: `verify_signature`, `verify_exp`, `verify_nbf`, `verify_iat`, `verify_aud`, `verify_iss` and
    `require`. Without the signature nothing else is verified either, unless it is asked for.
    """
    wanted = _options(options)
    signed, header, claims, signature = _parts(token)
    if wanted["verify_signature"]:
        if type(algorithms) not in (list, tuple, set, frozenset):
            raise DecodeError('name the algorithms that you expect: `algorithms=["HS256"]`')
        if header["alg"] not in [name for name in algorithms or () if type(name) is str]:
            raise InvalidAlgorithmError(f"the token is signed with `{header['alg']}`, which is not expected")
        expected = _signature(signed, key, _algorithm(header["alg"]))
        if not hmac.compare_digest(expected, signature):
            raise InvalidSignatureError("the token was not signed with this key")
    _check_required(claims, wanted["require"])
    _check_times(claims, now, leeway, wanted)
    if wanted["verify_iss"] and issuer is not None and claims.get("iss") not in _names("issuer", issuer):
        _missing(claims, "iss")
        raise InvalidIssuerError("the token is from another issuer")
    if wanted["verify_aud"]:
        _check_audience(claims, audience)
    return claims


def get_unverified_header(jwt: str | bytes) -> dict[str, Any]:
    """The header of a token, which anybody may have written. Raises `DecodeError`."""
    return _parts(jwt)[1]


def _algorithm(name: Any) -> str:
    if type(name) is not str or name not in ALGORITHMS:
        shown = name if type(name) is str else type(name).__name__
        raise InvalidAlgorithmError(f"`{shown}` is not available: rules have {', '.join(ALGORITHMS)}")
    return name


def _signature(signed: bytes, key: str | bytes, algorithm: str) -> bytes:
    if type(key) is str:
        key = key.encode()
    if type(key) is not bytes:
        raise TypeError(f"a key is text or bytes, not a `{type(key).__name__}`")
    if not key:
        raise InvalidKeyError("the key is empty")
    if PUBLIC_KEYS.search(key):
        raise InvalidKeyError("this is a key pair's key, not a secret: only secrets sign and verify in rules")
    return hmac.digest(key, signed, ALGORITHMS[algorithm])


def _text(value: Any, sort_keys: bool) -> bytes:
    return _base64(json.dumps(value, separators=(",", ":"), sort_keys=sort_keys).encode())


def _base64(value: bytes) -> bytes:
    return base64.urlsafe_b64encode(value).rstrip(b"=")


def _parts(token: str | bytes) -> tuple[bytes, dict[str, Any], dict[str, Any], bytes]:
    """What was signed, the header, the claims and the signature. Raises `DecodeError`."""
    if type(token) is str:
        token = token.encode("utf-8", "replace")
    if type(token) is not bytes:
        raise DecodeError(f"a token is text or bytes, not a `{type(token).__name__}`")
    parts = token.split(b".")
    if len(parts) != 3:
        raise DecodeError(f"a token has 3 parts, this has {len(parts)}")
    header, claims, signature = (_unbase64(part) for part in parts)
    read = _object("header", header)
    if type(read.get("alg")) is not str:
        raise DecodeError("the header names no algorithm")
    if "crit" in read:
        raise DecodeError("the header has critical extensions (`crit`), which rules do not know")
    return b".".join(parts[:2]), read, _object("payload", claims), signature


def _unbase64(part: bytes) -> bytes:
    if not re.fullmatch(rb"[A-Za-z0-9_-]*", part):
        raise DecodeError("a part of the token is not base64url")
    try:
        return base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))
    except binascii.Error:
        raise DecodeError("a part of the token is not base64url") from None


def _object(name: str, text: bytes) -> dict[str, Any]:
    try:
        value = json.loads(text.decode(), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise DecodeError(f"the token's {name} is not JSON") from None
    if type(value) is not dict:
        raise DecodeError(f"the token's {name} is not a JSON object")
    return value


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _options(given: Mapping[str, Any] | None) -> dict[str, Any]:
    if given is not None and type(given) is not dict:
        raise TypeError("`options` is a dict")
    checks = bool((given or {}).get("verify_signature", True))
    known = dict.fromkeys(("verify_signature", *(f"verify_{name}" for name in (*TIMES, "aud", "iss"))), checks)
    known["require"] = []  # type: ignore[assignment]
    for name in given or {}:
        if name not in known:
            raise TypeError(f"there is no option `{name}`: use {', '.join(known)}")
    return known | (given or {})


def _check_required(claims: dict[str, Any], required: Any) -> None:
    for name in _names("require", required):
        _missing(claims, name)


def _missing(claims: dict[str, Any], name: str) -> None:
    if claims.get(name) is None:
        raise MissingRequiredClaimError(f"the token has no `{name}`")


def _check_times(
    claims: dict[str, Any], now: float, leeway: float | datetime.timedelta, wanted: Mapping[str, Any]
) -> None:
    if type(leeway) not in (int, float, datetime.timedelta):
        raise TypeError("`leeway` is a number of seconds, or a `timedelta`")
    margin = leeway.total_seconds() if isinstance(leeway, datetime.timedelta) else leeway
    for name in TIMES:
        if not wanted[f"verify_{name}"] or name not in claims:
            continue
        at = claims[name]
        if type(at) not in (int, float):
            wrong = InvalidIssuedAtError if name == "iat" else DecodeError
            raise wrong(f"`{name}` is no time: it is a number of seconds")
        if name == "exp" and at <= now - margin:
            raise ExpiredSignatureError("the token has expired (`exp`)")
        if name != "exp" and at > now + margin:
            raise ImmatureSignatureError(f"the token is not valid yet (`{name}`)")


def _check_audience(claims: dict[str, Any], audience: Any) -> None:
    given = claims.get("aud")
    if audience is None:
        if given:
            raise InvalidAudienceError("the token names an audience (`aud`): say which one you are, by `audience=`")
        return
    expected = _names("audience", audience)
    _missing(claims, "aud")
    if type(given) is str:
        given = [given]
    if type(given) is not list or not any(type(name) is str and name in expected for name in given):
        raise InvalidAudienceError("the token is for another audience")


def _names(what: str, value: Any) -> list[str]:
    """One name or several, as exact strings."""
    names = [value] if type(value) is str else list(value) if type(value) in (list, tuple, set, frozenset) else None
    if names is None or any(type(name) is not str for name in names):
        raise TypeError(f"`{what}` is a string, or a list of strings")
    return names
