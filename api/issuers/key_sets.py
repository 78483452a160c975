"""The tokens that issuers' hooks bring, checked with the public keys of whoever signed them (RFC 7519, RFC 8725)."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any

import jwt
import msgspec

from api.callers import LEEWAY
from api.issuers.payloads import SIGNATURES, PayloadRefused, jws_header
from api.issuers.turns import Turns
from api.jwks import Jwks
from api.refusals import (
    COMPACT_JWT,
    LONGEST_TOKEN,
    AlgorithmRefused,
    CallerWrong,
    KeyUnknown,
    TokenMalformed,
    TokenTooLong,
    refused,
)
from api.verified import VerifiedTokens
from engine.recurring import Recurring

ALGORITHMS = ("RS256", "ES256", "EdDSA")
CALLER_CLAIMS = ("azp", "appid", "cid")  # of OpenID Connect and Entra v2; of Entra v1; of Okta
MOST_REMEMBERED = 1_000  # for each address: an issuer uses one token for many calls
REFRESH = 30  # seconds between two looks at how old the keys are
# Fetches at once: of all, and of one tenant, whose addresses may be slow. Each takes `api.jwks.JWKS_TIMEOUT` at most.
MOST_FETCHES, MOST_OF_TENANT = 32, 4

_jws = jwt.PyJWS(options={"enforce_minimum_key_length": True})


class TokenCheck(msgspec.Struct, frozen=True):
    """What a token has to be: signed by a key at `jwks_url`, from one of `issuers`, for `audience`, by `caller`,
    and not `longest`er than that many characters."""

    jwks_url: str
    issuers: tuple[str, ...]
    audience: str
    caller: str | None = None
    algorithms: tuple[str, ...] = ("RS256",)
    longest: int = LONGEST_TOKEN


@dataclass(frozen=True)
class _KeySet:
    jwks: Jwks
    verified: VerifiedTokens[bool]


class KeySets:
    """The public keys at every address that a stored secret names. They are fetched before the first call needs them,
    and renewed while nobody waits; of many addresses some at once, and of no tenant all of those. Close it with
    `aclose`."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._sets: dict[str, _KeySet] = {}
        self._owners: Mapping[str, Iterable[str]] = {}
        self._turns = Turns(MOST_FETCHES, MOST_OF_TENANT)
        self._closing: set[asyncio.Task[None]] = set()
        self._warming = Recurring(self._warm, REFRESH, 0.0)

    def start(self) -> None:
        """Keeps them fresh from now on, also while nobody calls."""
        self._warming.start()

    def keep(self, addresses: Mapping[str, Iterable[str]]) -> None:
        """From now on the keys at these addresses and no others, each with the tenants who name it. New ones are being
        fetched; nobody waits for it."""
        self._owners = addresses
        for url in self._sets.keys() - addresses.keys():
            closing = asyncio.create_task(self._sets.pop(url).jwks.aclose())
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
        for url in addresses:
            self._known(url).jwks.warm()

    async def verify(self, check: TokenCheck, token: str) -> None:
        """Returns for a token that passes; a verified one is remembered for at most 60 s, as callers' are.

        Raises `TokenRefused`, and `ApiError` 503 while no keys could be fetched at all.
        """
        if len(token) > check.longest:
            raise TokenTooLong
        if not COMPACT_JWT.fullmatch(token):
            raise TokenMalformed
        known = self._known(check.jwks_url)
        known.jwks.keep_fresh()
        # With the check: what one tenant's secret has let pass says nothing about another's.
        digest = hashlib.sha256(msgspec.json.encode((check, token))).digest()
        if known.verified.find(digest):
            return
        try:
            header = jwt.get_unverified_header(token)
            algorithm = header.get("alg")
            if algorithm not in check.algorithms:
                raise AlgorithmRefused
            key = await known.jwks.key(header.get("kid"), str(algorithm))
            options: Any = {"require": ["exp", "iss", "aud"], "enforce_minimum_key_length": True}
            claims = jwt.decode(
                token, key.jwk, [algorithm], options, audience=check.audience, issuer=check.issuers, leeway=LEEWAY
            )
        except jwt.PyJWTError as exc:
            raise refused(exc) from exc
        _require_caller(claims, check.caller)
        known.verified.remember(digest, True, int(claims["exp"]), key.fingerprint)

    async def payload(self, url: str, body: bytes) -> bytes:
        """The payload of a compact JWS that a key at `url` has signed. Nothing in it is looked at.

        Raises `PayloadRefused`, and `ApiError` 503 while no keys could be fetched at all.
        """
        header = jws_header(body)
        known = self._known(url)
        known.jwks.keep_fresh()
        try:
            key = await known.jwks.key(header.kid, header.alg)
            payload: bytes = _jws.decode(body, key.jwk, [header.alg])
        except KeyUnknown:
            raise PayloadRefused("the JWS is signed with a key that its issuer does not publish") from None
        except jwt.PyJWTError as exc:
            raise PayloadRefused("the signature of the JWS is wrong") from exc
        return payload

    async def aclose(self) -> None:
        """Ends what is being fetched, and closes the connections."""
        await self._warming.close()
        self.keep({})
        await asyncio.gather(*self._closing, return_exceptions=True)

    def _known(self, url: str) -> _KeySet:
        if (known := self._sets.get(url)) is None:
            verified: VerifiedTokens[bool] = VerifiedTokens(self._monotonic, MOST_REMEMBERED)
            jwks = Jwks(url, SIGNATURES, verified.forget, self._monotonic, partial(self._turn, url))
            known = _KeySet(jwks, verified)
            self._sets[url] = known
        return known

    def _turn(self, url: str) -> AbstractAsyncContextManager[None]:
        return self._turns.turn(self._owners.get(url, ()))

    async def _warm(self) -> float:
        for known in self._sets.values():
            known.jwks.warm()
        return REFRESH


def _require_caller(claims: Mapping[str, Any], caller: str | None) -> None:
    """Whoever an issuer gave the token to is the one that is expected, by whichever names it says that."""
    named = [claims[name] for name in CALLER_CLAIMS if name in claims]
    if caller is not None and (not named or any(name != caller for name in named)):
        raise CallerWrong
