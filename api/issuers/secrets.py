"""Who calls a hook: the check of a call against all secrets that a tenant has for the issuer."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from typing import Literal, NamedTuple

from api.errors import ApiError
from api.issuers.envelope import payload_in, token_in
from api.issuers.key_sets import KeySets
from api.issuers.kinds import (
    Basic,
    Bearer,
    Cookie,
    Firebase,
    Header,
    JwePayload,
    JwtPayload,
    OfTokens,
    Secret,
    SigningKey,
    StandardWebhooks,
)
from api.issuers.payloads import PayloadRefused, decrypted
from api.issuers.signatures import SCHEMES, Outcome, read_webhook_key, verify_timed, verify_webhook
from api.refusals import TokenRefused

Reason = Literal["no_secret", "unsigned", "signature", "stale", "payload", "credentials", "token", "deleted"]

# Of several secrets that do not match, the reason that says most.
REASONS: dict[Reason, str] = {
    "deleted": "the secret that the call was made with was deleted, or became another, before the answer",
    "payload": "the signature over the call is good, but its body is not the JWT or JWE that the secret asks for",
    "stale": "the signature is too old, or of the future; compare the clocks of both machines",
    "signature": "the signature was made with another secret, or the call was changed on the way",
    "unsigned": "the call has no signature that can be read",
    "token": "the token of the call is not accepted",
    "credentials": "the call does not carry the secret that is set for it",
    "no_secret": "no secret is set here by which this issuer could show who it is, so nobody may call",
}


class Unauthenticated(ApiError):
    """A hook's call that no secret has let pass. `reason` is one of `REASONS`."""

    def __init__(self, reason: Reason, detail: str | None = None) -> None:
        self.reason = reason
        super().__init__("unauthorized", REASONS[reason], detail=detail or reason)


class Passed(NamedTuple):
    """The id of the secret that a call was made with, and its body: what is inside, where it came in a JWT or JWE."""

    id: str
    body: bytes


async def authenticate(
    secrets: Mapping[str, Secret],
    scheme: str | None,
    headers: Mapping[str, str],
    body: bytes,
    now: float,
    keys: KeySets,
) -> Passed:
    """Which secret the call was made with: of `secrets`, all that the tenant has for this issuer, by id.

    `scheme` says for a `signing_key` whose signature it makes: `zitadel` or `workos`. `headers` by names in lower case,
    the first of each; `body` is raw; `now` in seconds. What needs no key of others is compared with every secret,
    whichever matches; tokens only where none of these does. A body in a JWT or JWE is opened only for those whose
    signature over all of it has matched.

    Raises `Unauthenticated`, also where there is no secret at all; `ApiError` 503 while a token's issuer cannot be
    asked for its keys.
    """
    reasons: set[Reason] = set()
    matched: list[str] = []
    for name, secret in secrets.items():
        if not isinstance(secret, OfTokens):
            outcome = _compare(secret, scheme, headers, body, now)
            if outcome == "matched":
                matched.append(name)
            else:
                reasons.add(outcome)
    detail = None
    unreachable: ApiError | None = None
    plain: str | None = None
    for name in matched:
        secret = secrets[name]
        if not isinstance(secret, JwtPayload):
            plain = plain or name
            continue
        try:
            return Passed(name, await _opened(secret, body, keys))
        except PayloadRefused as exc:
            detail = str(exc)
            reasons.add("payload")
        except ApiError as exc:
            unreachable = exc
    if plain is not None and unreachable is None:
        return Passed(plain, body)
    for name, secret in secrets.items():
        if isinstance(secret, OfTokens):
            token = token_in(body) if isinstance(secret, Firebase) else _after(headers, "bearer")
            try:
                await keys.verify(secret.check, token)
            except TokenRefused as exc:
                detail = f"{exc.description}: {exc.detail}"
                reasons.add("token")
            except ApiError as exc:
                unreachable = exc
            else:
                return Passed(name, payload_in(body) if isinstance(secret, Firebase) else body)
    if unreachable is not None:
        raise unreachable
    raise Unauthenticated(next((reason for reason in REASONS if reason in reasons), "no_secret"), detail)


def require_set(secrets: Mapping[str, Secret], secret: Secret) -> None:
    """Raises `Unauthenticated` where a secret that has let a call pass is none of `secrets` any more, those of now."""
    if secret not in secrets.values():
        raise Unauthenticated("deleted")


async def _opened(secret: JwtPayload, body: bytes, keys: KeySets) -> bytes:
    return await keys.payload(secret.jwks_url, decrypted(body, secret.key) if isinstance(secret, JwePayload) else body)


def _compare(
    secret: Secret, scheme: str | None, headers: Mapping[str, str], body: bytes, now: float
) -> Outcome | Literal["credentials"]:
    match secret:
        case Header():
            equal = _equal(headers.get(secret.name.lower(), ""), secret.value)
        case Cookie():
            equal = _equal(_cookie(headers.get("cookie", ""), secret.name), secret.value)
        case Basic():
            expected = base64.b64encode(f"{secret.username}:{secret.password}".encode()).decode()
            equal = _equal(_after(headers, "basic"), expected)
        case Bearer():
            equal = _equal(_after(headers, "bearer"), secret.value)
        case StandardWebhooks():
            return verify_webhook(read_webhook_key(secret.value), headers, body, now)
        case SigningKey():
            assert scheme in SCHEMES, f"a signing key needs one of the schemes {', '.join(SCHEMES)}"
            return verify_timed(SCHEMES[scheme], secret.value, headers, body, now)
        case _:
            raise TypeError(f"{type(secret).__name__} is a token's")
    return "matched" if equal else "credentials"


def _equal(given: str, expected: str) -> bool:
    """In constant time. What a caller sends may be no text at all."""
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode())


def _after(headers: Mapping[str, str], word: str) -> str:
    """The credentials of `Authorization` after the scheme `word` (RFC 9110 section 11.4); empty where it is another."""
    scheme, _, credentials = headers.get("authorization", "").strip().partition(" ")
    return credentials.strip() if scheme.lower() == word else ""


def _cookie(header: str, name: str) -> str:
    """The first cookie of this name (RFC 6265 section 4.2.1)."""
    pairs = (pair.strip().partition("=") for pair in header.split(";"))
    return next((value for given, _, value in pairs if given == name), "")
