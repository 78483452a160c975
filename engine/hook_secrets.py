"""The secrets by which issuers' hooks show who calls: encrypted at rest, all of them kept in this process.

So a call needs no database, and nobody makes it look for tenants that do not exist. A change made here is live at once,
and one made by another replica within a second. What a secret says is not known here: it is text, and `read` makes of
it what calls are checked with.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Generic, TypeVar

import msgspec
import structlog

from engine.keys import Keys
from engine.seal import Broken, Seal
from engine.store.errors import NotFound
from engine.store.hook_secrets import SealedSecret, TenantSecrets
from engine.store.store import Store

log = structlog.get_logger("claimsmith.hook_secrets")

T = TypeVar("T")

MOST = 20  # of one tenant and issuer
MOST_COSTLY = 4  # of those, that each take a look at all of a call: a rotation needs two
LONGEST = 16_384  # bytes
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


class InvalidSecret(Exception):
    """A secret, or its id, that cannot be set; the text says why."""


class _Typed(msgspec.Struct, frozen=True):
    type: str


class HookSecrets(Generic[T]):
    def __init__(
        self,
        store: Store,
        keys: Keys,
        read: Callable[[bytes], T],
        changed: Callable[[Iterable[tuple[str, T]]], None],
        announce: Callable[[], None] | None = None,
        costly: Collection[str] = (),
    ) -> None:
        """`read` raises `ValueError` for what is no secret. `changed` is told all that there are, each with its
        tenant, whenever these are others; `announce` tells other replicas of a change. Of the types `costly` an
        issuer is given no more than `MOST_COSTLY`."""
        self._store = store
        self._seals = [Seal(key) for key in keys.derive_all("hook-secrets")]
        self._read = read
        self._changed = changed
        self._announce = announce or (lambda: None)
        self._costly = costly
        self._turn = asyncio.Lock()  # of who takes something over: else the earlier of two could be kept
        self._known: dict[str, tuple[str | None, dict[str, dict[str, T]]]] = {}

    def live(self, tenant: str, issuer: str) -> Mapping[str, T]:
        """The secrets by their ids; none for a tenant that does not exist."""
        _, issuers = self._known.get(tenant, (None, {}))
        return issuers.get(issuer, {})

    def opened(self, one: SealedSecret) -> T | None:
        """What is stored, where it can be read."""
        try:
            return self._read(self.text(one))
        except (Broken, ValueError):
            return None

    async def stored(self, tenant: str, issuer: str) -> list[SealedSecret]:
        """What is stored, the oldest first; not only what can be read. Raises `NotFound` for the tenant."""
        found = (await self._store.hook_secrets([tenant])).get(tenant)
        if found is None:
            raise NotFound("tenant", tenant)
        return [one for one in found.secrets if one.issuer == issuer]

    async def put(self, tenant: str, issuer: str, id: str, type: str, text: bytes, *, by: str) -> SealedSecret:
        """Set a secret, in the place of the one of its id: live with the answer. Raises `InvalidSecret`."""
        now = datetime.now(UTC)
        new = SealedSecret(tenant=tenant, issuer=issuer, id=id, type=type, sealed=b"", set_at=now, set_by=by)
        self._require_short(new, text)
        one = self.sealed(new, text)

        def require_room(before: Sequence[SealedSecret]) -> None:
            others = [other for other in before if other.issuer == issuer and other.id != id]
            if len(others) >= MOST:
                raise InvalidSecret(f"this issuer has {MOST} secrets already: delete one that is not used any more")
            if type in self._costly and sum(other.type in self._costly for other in others) >= MOST_COSTLY:
                text = f"this issuer has {MOST_COSTLY} secrets already that sign, and every call is tried with each"
                raise InvalidSecret(f"{text}: delete one that is not used any more")

        async with self._turn:
            self._take({tenant: await self._store.put_hook_secret(one, require_room)})
        self._announce()
        log.info("a secret of an issuer was set", tenant=tenant, issuer=issuer, id=id, type=type, by=by)
        return one

    async def delete(self, tenant: str, issuer: str, id: str, *, by: str) -> None:
        """Nobody may call with it any more. Raises `NotFound`."""
        async with self._turn:
            self._take({tenant: await self._store.delete_hook_secret(tenant, issuer, id, by)})
        self._announce()
        log.info("a secret of an issuer was deleted", tenant=tenant, issuer=issuer, id=id, by=by)

    def sealed(self, one: SealedSecret, text: bytes) -> SealedSecret:
        """The same with this text, as it is stored."""
        sealed = self._seals[0].seal(text, _about(one.tenant, one.issuer, one.id))
        return msgspec.structs.replace(one, sealed=sealed)

    def require(self, one: SealedSecret, text: bytes) -> None:
        """Whether this text, which comes from elsewhere, can be that secret. Raises `InvalidSecret`."""
        self._require_short(one, text)
        try:
            self._read(text)
            type_ = msgspec.json.decode(text, type=_Typed).type
        except ValueError:
            type_ = ""
        if type_ != one.type:
            raise InvalidSecret(f"the secret `{one.id}` of `{one.issuer}` is none of the type `{one.type}`")

    def _require_short(self, one: SealedSecret, text: bytes) -> None:
        if not ID.fullmatch(one.id):
            raise InvalidSecret(f"`{one.id[:40]}` is no id of a secret: 1 to 64 letters, digits, `_` and `-`")
        if len(text) > LONGEST:
            raise InvalidSecret(f"the secret has {len(text)} bytes: the limit is {LONGEST}")

    def forget(self, tenant: str) -> None:
        if self._known.pop(tenant, None) is not None:
            self._tell()

    async def refresh(self) -> None:
        """Take over what is stored, for the first time or because another replica has changed it."""
        async with self._turn:
            stamps = await self._store.hook_secret_stamps()
            if gone := self._known.keys() - stamps.keys():
                for tenant in gone:
                    del self._known[tenant]
                self._tell()  # once: it takes as long as there are secrets
            known = {tenant: stamp for tenant, (stamp, _) in self._known.items()}
            if others := [tenant for tenant, stamp in stamps.items() if known.get(tenant) != stamp]:
                self._take(await self._store.hook_secrets(others))

    async def seal_again(self) -> None:
        """Seal with the current secret what the one before has sealed: the end of its rotation."""
        for one in await self._store.every_hook_secret():
            about = _about(one.tenant, one.issuer, one.id)
            try:
                self._seals[0].open(one.sealed, about)
            except Broken:
                try:
                    text = self.text(one)
                except Broken as error:  # of one tenant: the others are served
                    log.error("a secret of an issuer cannot be read", tenant=one.tenant, error=str(error))
                    continue
                await self._store.seal_hook_secret_again(one, self._seals[0].seal(text, about))

    def _take(self, stored: Mapping[str, TenantSecrets]) -> None:
        """What cannot be read is left out: nobody may call with it, and all others stay good."""
        for tenant, found in stored.items():
            issuers: dict[str, dict[str, T]] = {}
            for one in found.secrets:
                try:
                    issuers.setdefault(one.issuer, {})[one.id] = self._read(self.text(one))
                except (Broken, ValueError) as error:
                    text = "a secret of an issuer cannot be read: nobody may call with it"
                    log.error(text, tenant=tenant, issuer=one.issuer, id=one.id, error=str(error))
            self._known[tenant] = found.stamp, issuers
        self._tell()

    def _tell(self) -> None:
        self._changed(
            (tenant, secret)
            for tenant, (_, issuers) in self._known.items()
            for by_id in issuers.values()
            for secret in by_id.values()
        )

    def text(self, one: SealedSecret) -> bytes:
        """A stored secret in clear. Raises `Broken` for what neither secret has sealed."""
        for seal in self._seals:
            try:
                return seal.open(one.sealed, _about(one.tenant, one.issuer, one.id))
            except Broken:
                continue
        raise Broken(f"secret `{one.id}` of `{one.issuer}`, tenant `{one.tenant}`, was sealed with another secret")


def _about(tenant: str, issuer: str, id: str) -> str:
    return f"hook secret {tenant} {issuer} {id}"
