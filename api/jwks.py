"""The public keys of another issuer (RFC 7517), fetched, kept and renewed."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import json
import ssl
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx2
import jwt
import structlog

from api.errors import ApiError
from api.refusals import KeyUnknown

log = structlog.get_logger(__name__)

JWKS_AGE = 600  # seconds after which keys are fetched again
JWKS_GAP = 10  # seconds between two fetches, whatever tokens ask for
JWKS_FIRST_GAP = 1  # the same while there are no keys at all
JWKS_TIMEOUT = 5
JWKS_BYTES = 1_048_576
MOST_KEYS = 500  # a megabyte can have 300,000 entries, and each costs a look or a line in the log


@dataclass(frozen=True)
class PublicKey:
    """A key of a JWKS (RFC 7517). `fingerprint` is of the whole entry: a changed entry is another key."""

    fingerprint: str
    jwk: jwt.PyJWK


PublicKeys = dict[tuple[str | None, str], PublicKey]


def read_jwks(document: bytes, algorithms: Iterable[str]) -> PublicKeys:
    """The keys of a JWKS document that verify one of `algorithms`, by key id and algorithm.

    Entries that are of no use here are left out (RFC 7517 section 5). Raises `ValueError` for no JWKS.
    """
    try:
        entries = json.loads(document)["keys"]
    except (ValueError, TypeError, LookupError, RecursionError) as exc:
        raise ValueError("not a JWKS") from exc
    if not isinstance(entries, list):
        raise ValueError("not a JWKS")
    if len(entries) > MOST_KEYS:
        raise ValueError(f"more than {MOST_KEYS} keys")
    found: PublicKeys = {}
    for entry in entries:
        if not isinstance(entry, dict) or entry.get("use", "sig") != "sig":
            continue
        if "d" in entry:
            log.warning("jwks publishes a private key: it is not accepted", kid=str(entry.get("kid")))
            continue
        kid = entry.get("kid")
        try:
            jwk = jwt.PyJWK(entry)
        except Exception as exc:  # whatever a library makes of an odd entry, the others must stay good
            log.info("jwks entry is not usable", kid=str(kid), error=type(exc).__name__)
            continue
        if jwk.algorithm_name in algorithms and (kid is None or isinstance(kid, str)):
            fingerprint = hashlib.sha256(json.dumps(entry, sort_keys=True).encode()).hexdigest()
            found.setdefault((kid, jwk.algorithm_name), PublicKey(fingerprint, jwk))
    return found


class Jwks:
    """The public keys at one address. Keys once fetched stay good while fetching them again fails. A fetch goes on
    within a `turn`, where others fetch as well."""

    def __init__(
        self,
        url: str,
        algorithms: tuple[str, ...],
        changed: Callable[[frozenset[str]], None],
        monotonic: Callable[[], float],
        turn: Callable[[], AbstractAsyncContextManager[None]] = nullcontext,
    ) -> None:
        self._url = url
        self._host = urlsplit(url).hostname
        self._algorithms = algorithms
        self._changed = changed
        self._monotonic = monotonic
        self._turn = turn
        self._client: httpx2.AsyncClient | None = None
        self._keys: PublicKeys | None = None
        self._fetched = self._attempted = float("-inf")
        self._refreshing: asyncio.Task[None] | None = None

    async def key(self, kid: str | None, algorithm: str) -> PublicKey:
        """The key `kid`, or the only key for `algorithm` if the token names none.

        Raises `KeyUnknown`, and `ApiError` 503 while no keys could be fetched at all.
        """
        found = self._find(kid, algorithm)
        if found is None:
            fetching = self._start()
            # A caller that gives up does not end it: with a slow server nobody would ever come to know a new key.
            await asyncio.wait([fetching])
            if not fetching.cancelled():
                fetching.result()
            found = self._find(kid, algorithm)
        if self._keys is None:
            raise ApiError(
                "temporarily_unavailable",
                "the keys of the token's issuer cannot be fetched just now",
                headers={"Retry-After": str(JWKS_FIRST_GAP)},
            )
        if found is None:
            raise KeyUnknown
        return found

    def keep_fresh(self) -> None:
        """Starts fetching the keys again when they are old. No caller waits for it."""
        if self._keys is not None:
            self.warm()

    def warm(self) -> None:
        """Starts fetching the keys where there are none yet, or they are old. No caller waits for it."""
        if self._monotonic() - self._fetched >= JWKS_AGE:
            self._start()

    async def aclose(self) -> None:
        """Ends a fetch under way and closes the connections."""
        if self._refreshing is not None:
            self._refreshing.cancel()
            await asyncio.gather(self._refreshing, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def _find(self, kid: str | None, algorithm: str) -> PublicKey | None:
        keys = self._keys or {}
        if kid is not None:
            return keys.get((kid, algorithm))
        candidates = [key for (_, name), key in keys.items() if name == algorithm]
        return candidates[0] if len(candidates) == 1 else None

    def _start(self) -> asyncio.Task[None]:
        """The fetch under way, or a new one."""
        if self._refreshing is None or self._refreshing.done():
            self._refreshing = asyncio.create_task(self._refresh())
        return self._refreshing

    async def _refresh(self) -> None:
        if self._monotonic() - self._attempted < (JWKS_FIRST_GAP if self._keys is None else JWKS_GAP):
            return
        async with self._turn():
            self._attempted = self._monotonic()
            await self._take()

    async def _take(self) -> None:
        try:
            self._keys = read_jwks(await self._fetch(), self._algorithms)
        except httpx2.HTTPStatusError as exc:
            status = exc.response.status_code
            log.warning("jwks fetch failed", host=self._host, status=status, kept=self._keys is not None)
            return
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as exc:
            # Not the text of a client's error: it can repeat the URL, whose query may be a secret.
            error = str(exc) if type(exc) is ValueError else type(exc).__name__
            log.warning("jwks fetch failed", host=self._host, error=error, kept=self._keys is not None)
            return
        self._fetched = self._monotonic()
        self._changed(frozenset(key.fingerprint for key in self._keys.values()))

    async def _fetch(self) -> bytes:
        if self._client is None:
            # A proxy of the environment is for the outside; plain http is only allowed to this machine.
            outside = self._url.startswith("https:")
            self._client = httpx2.AsyncClient(verify=_trusted(), timeout=JWKS_TIMEOUT, trust_env=outside)
        document = bytearray()
        async with asyncio.timeout(JWKS_TIMEOUT), self._client.stream("GET", self._url) as response:
            response.raise_for_status()
            async for chunk in response.aiter_bytes():
                document += chunk
                if len(document) > JWKS_BYTES:
                    raise ValueError(f"larger than {JWKS_BYTES} bytes")
        return bytes(document)


@functools.cache
def _trusted() -> ssl.SSLContext:
    """The certificates that this machine trusts: read once, since that takes longer than a login, and a service with
    many tenants has many clients."""
    return httpx2.create_ssl_context()
