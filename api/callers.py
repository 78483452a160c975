"""Who asks, and what they may do: bearer tokens (RFC 6750) that are JWTs (RFC 7519), checked as in RFC 8725.

Two sources of keys, never mixed: an HS256 token is checked with the service's own secret, any other with the
public keys of the configured issuer. A token chooses nothing but which of its source's keys is tried.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt
import structlog

from api.errors import ApiError, challenge
from api.jwks import Jwks, PublicKey
from api.refusals import (
    COMPACT_JWT,
    LONGEST_TOKEN,
    AlgorithmRefused,
    ClaimMissing,
    ClaimWrong,
    TenantWrong,
    TokenExpired,
    TokenMalformed,
    TokenTooLong,
    refused,
)
from api.settings import TENANT_NAME
from api.verified import VerifiedTokens
from engine.keys import Keys

log = structlog.get_logger(__name__)

SCOPES = {
    "execute": "run the pipeline for a login",
    "rules:read": "read rules, their versions and revisions",
    "rules:write": "save, check and try rules: a draft that is tried is code that runs",
    "rules:deploy": "make saved rules live",
    "configuration:write": "set and delete configuration values, which nobody can read back",
    "configuration:use": "let a draft that is tried see live configuration instead of placeholders",
    "executions:read": "read execution records and ask why",
    "executions:erase": "erase a person's records",
    "replay": "run recorded executions again",
    "metrics": "read the names of all tenants' busiest rules in `/metrics`, whose other figures need no scope",
    "admin": "everything, and for every tenant",
}

LONGEST_SUBJECT = 255
LEEWAY = 5  # seconds two clocks may differ (RFC 7519 section 4.1.4)


class NotIssuable(ValueError):
    """A token that was asked for and would be refused here."""


@dataclass(frozen=True)
class Caller:
    """Who asks: `subject` is for records only, `tenant` and `scopes` decide. `expires_at` is the token's `exp`."""

    subject: str
    tenant: str
    scopes: frozenset[str]
    expires_at: int | None = field(default=None, compare=False)

    def allows(self, scope: str) -> bool:
        """Whether the caller has `scope`; `admin` has every one."""
        assert scope in SCOPES, f"`{scope}` is not a scope"
        return scope in self.scopes or "admin" in self.scopes

    def require(self, scope: str) -> None:
        """Raises `ApiError` 403 `insufficient_scope` (RFC 6750 section 3.1) unless the caller has `scope`."""
        if not self.allows(scope):
            raise ApiError(
                "insufficient_scope",
                f"this needs the scope `{scope}`",
                headers={"WWW-Authenticate": challenge(error="insufficient_scope", scope=scope)},
            )


def acting_tenant(caller: Caller, headers: Mapping[str, str]) -> str:
    """The tenant this request is about: the caller's, or for `admin` the one in `Claimsmith-Tenant`.

    Raises `ApiError`: 403 when anybody else names another tenant, 400 for what is no tenant name.
    """
    named = headers.get("claimsmith-tenant")
    if named is None or named == caller.tenant:
        return caller.tenant
    caller.require("admin")
    if not TENANT_NAME.fullmatch(named):
        raise ApiError("invalid_request", "the header `Claimsmith-Tenant` is not a tenant name")
    return named


def issue_token(keys: Keys, *, scope: str, tenant: str, subject: str, expires_in: int) -> str:
    """A token of this service, valid for `expires_in` seconds.

    Raises `NotIssuable` for a scope that does not exist, no scope, and what is no tenant name or subject.
    """
    scopes = list(dict.fromkeys(scope.split()))
    if unknown := [name for name in scopes if name not in SCOPES]:
        raise NotIssuable(f"unknown scope `{unknown[0]}`; known are {', '.join(SCOPES)}")
    if not scopes:
        raise NotIssuable(f"no scope; known are {', '.join(SCOPES)}")
    if not TENANT_NAME.fullmatch(tenant):
        raise NotIssuable(f"`{tenant}` is not a tenant name; give one that matches `{TENANT_NAME.pattern}`")
    if not 0 < len(subject) <= LONGEST_SUBJECT:
        raise NotIssuable(f"the subject must have 1 to {LONGEST_SUBJECT} characters")
    if expires_in <= 0:
        raise NotIssuable("the token would be expired at once; give it a longer life")
    now = int(time.time())
    claims = {
        "sub": subject,
        "tenant": tenant,
        "scope": " ".join(scopes),
        "iat": now,
        "exp": now + expires_in,
    }
    return jwt.encode(claims, keys.derive("caller-tokens"), "HS256")


class Callers:
    """Tells who sent a request. Close it with `aclose`."""

    def __init__(
        self,
        keys: Keys,
        *,
        jwks_url: str | None = None,
        jwks_issuer: str | None = None,
        jwks_audience: str | None = None,
        jwks_algorithms: tuple[str, ...] = ("RS256", "ES256", "EdDSA"),
        jwks_tenant: str | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        assert jwks_url is None or (jwks_issuer and jwks_audience), "a JWKS URL needs issuer and audience"
        assert "HS256" not in jwks_algorithms, "HS256 is for the service's own tokens"
        self._keys = keys
        self._issuer = jwks_issuer
        self._audience = jwks_audience
        self._algorithms = jwks_algorithms
        self._tenant = jwks_tenant
        self._verified: VerifiedTokens[Caller] = VerifiedTokens(monotonic)
        self._jwks = Jwks(jwks_url, jwks_algorithms, self._verified.forget, monotonic) if jwks_url else None

    async def authenticate(self, headers: Mapping[str, str]) -> Caller:
        """The caller of a request with these `headers` (Starlette's, or a mapping with names in lower case).

        A verified token is remembered for at most 60 s, never beyond its `exp`, and forgotten when its key
        leaves the JWKS. Raises `ApiError` 401 `unauthorized` without a bearer token, `TokenRefused` for one
        that is not accepted (RFC 6750 section 3.1), `ApiError` 503 while its issuer's keys are out of reach.
        """
        scheme, _, token = headers.get("authorization", "").strip().partition(" ")
        if scheme.lower() != "bearer":
            raise ApiError("unauthorized", "send `Authorization: Bearer <token>`")
        token = token.strip()
        if len(token) > LONGEST_TOKEN:
            raise TokenTooLong
        if self._jwks is not None:
            self._jwks.keep_fresh()
        digest = hashlib.sha256(token.encode()).digest()
        known = self._verified.find(digest)
        if known is not None:
            return known
        if not COMPACT_JWT.fullmatch(token):
            raise TokenMalformed
        claims, fingerprint = await self._verify(token)
        caller = self._caller(claims, own=fingerprint is None)
        self._verified.remember(digest, caller, int(claims["exp"]), fingerprint)
        return caller

    async def aclose(self) -> None:
        """Closes what `authenticate` opened."""
        if self._jwks is not None:
            await self._jwks.aclose()

    async def _verify(self, token: str) -> tuple[dict[str, Any], str | None]:
        try:
            header = jwt.get_unverified_header(token)
            algorithm = header.get("alg")
            if algorithm == "HS256":
                return self._verify_own(token), None
            if self._jwks is None or algorithm not in self._algorithms:
                raise AlgorithmRefused
            key = await self._jwks.key(header.get("kid"), str(algorithm))
            return self._verify_foreign(token, key), key.fingerprint
        except jwt.ExpiredSignatureError as exc:
            raise TokenExpired(str(exc), self._tenant_of(token)) from exc
        except jwt.PyJWTError as exc:
            raise refused(exc) from exc

    def _tenant_of(self, token: str) -> str:
        """Of a token whose signature is good: PyJWT looks at times behind it."""
        tenant = jwt.decode(token, options={"verify_signature": False}).get("tenant", self._tenant)
        return tenant if isinstance(tenant, str) else ""

    def _verify_own(self, token: str) -> dict[str, Any]:
        *previous, oldest = self._keys.derive_all("caller-tokens")
        options: Any = {"require": ["exp", "scope", "tenant"]}
        for secret in previous:
            try:
                return jwt.decode(token, secret, ["HS256"], options, leeway=LEEWAY)
            except jwt.InvalidSignatureError:
                continue
        return jwt.decode(token, oldest, ["HS256"], options, leeway=LEEWAY)

    def _verify_foreign(self, token: str, key: PublicKey) -> dict[str, Any]:
        options: Any = {"require": ["exp", "iss", "aud", "scope"], "enforce_minimum_key_length": True}
        return jwt.decode(
            token,
            key.jwk,
            [key.jwk.algorithm_name],
            options,
            audience=self._audience,
            issuer=self._issuer,
            leeway=LEEWAY,
        )

    def _caller(self, claims: Mapping[str, Any], *, own: bool) -> Caller:
        tenant = claims.get("tenant", None if own else self._tenant)
        if tenant is None:
            raise ClaimMissing("tenant")
        scope, subject = claims["scope"], claims.get("sub", "")
        if not isinstance(scope, str) or not isinstance(tenant, str):
            raise ClaimWrong("scope and tenant must be strings")
        if len(subject) > LONGEST_SUBJECT:
            raise ClaimWrong("sub is too long")
        if not TENANT_NAME.fullmatch(tenant):
            raise TenantWrong
        return Caller(subject, tenant, frozenset(scope.split()) & SCOPES.keys(), int(claims["exp"]))
