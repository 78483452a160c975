"""The operator's values for rules: encrypted at rest, in numbered sets that never change, the last one live.

They are kept in this process like rules are: a warm login needs no database, a change made here is live at once, and
one made by another replica within a second.
"""

from __future__ import annotations

import asyncio
import functools
import re
from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec
import structlog

from engine.keys import Keys
from engine.masking import NOTHING, Masking
from engine.models import CONFIGURATION_KEY
from engine.seal import Broken, Seal
from engine.store.configurations import Entry, SealedSet
from engine.store.errors import NotFound
from engine.store.store import Store
from sandbox.limits import Limits

log = structlog.get_logger("claimsmith.configuration")

Act = Callable[[dict[str, str], dict[str, Entry], datetime], None]
KEY = re.compile(CONFIGURATION_KEY)


class InvalidValue(Exception):
    """A value, or its name, that cannot be set; the text says why."""


class ConfigurationSet:
    """The values of one set. `number` is 0 where nothing was ever set, and None for one that is not stored."""

    def __init__(self, number: int | None, values: Mapping[str, str], *, own: bool = False) -> None:
        """`own` values were given by whoever sees what comes of them: they are hidden from nobody."""
        self.number = number
        self.values = values
        self.own = own

    @functools.cached_property
    def text(self) -> bytes:
        """As a worker reads them."""
        return msgspec.json.encode(self.values)

    @functools.cached_property
    def masking(self) -> Masking:
        return Masking(self.values.values())

    @property
    def hidden(self) -> Masking:
        """What is hidden in what is shown."""
        return NOTHING if self.own else self.masking

    @property
    def placeholders(self) -> ConfigurationSet:
        """The same names with values that are no secrets. They are masked all the same: so a call that sends one looks
        like the recorded call that has sent the secret."""
        return ConfigurationSet(None, {name: f"<value of {name}>" for name in self.values})

    def __repr__(self) -> str:
        return f"<ConfigurationSet {self.number}>"


EMPTY = ConfigurationSet(0, {})


class Configurations:
    def __init__(self, store: Store, keys: Keys, limits: Limits, announce: Callable[[], None] | None = None) -> None:
        """`announce` tells other replicas of a change."""
        self._announce = announce or (lambda: None)
        self._store = store
        self._seals = [Seal(key) for key in keys.derive_all("configuration")]
        self._limits = limits
        self._turn = asyncio.Lock()  # of who makes the next set
        self._known: dict[str, tuple[tuple[int, datetime] | None, ConfigurationSet]] = {}

    async def live(self, tenant: str) -> ConfigurationSet:
        """The live set. Raises `Unavailable` when it is not known here and the database does not answer."""
        if (known := self._known.get(tenant)) is not None:
            return known[1]
        stored = await self._store.configuration(tenant)
        known = self._known.get(tenant)  # it may have been changed meanwhile
        return known[1] if known is not None else self._keep(tenant, stored)

    async def numbered(self, tenant: str, number: int) -> ConfigurationSet:
        """The set that an execution names. Raises `NotFound`."""
        if number == 0:
            return EMPTY
        return self.opened(await self._store.numbered_configuration(tenant, number))

    async def entries(self, tenant: str) -> tuple[int, tuple[Entry, ...]]:
        """The number of the live set, and what is in it."""
        await self._store.tenant(tenant)
        stored = await self._store.configuration(tenant)
        return (0, ()) if stored is None else (stored.number, stored.entries)

    def given(self, values: Mapping[str, str]) -> ConfigurationSet:
        """A set of the caller's own, that is nowhere stored. Raises `InvalidValue` for what could not be."""
        for key, value in values.items():
            self._require_valid(key, value)
        self._require_room(values)
        return ConfigurationSet(None, values, own=True)

    async def put(self, tenant: str, key: str, value: str, *, by: str) -> int:
        """Set a value; the number of the set that it made. Raises `InvalidValue`."""
        self._require_valid(key, value)

        def add(values: dict[str, str], entries: dict[str, Entry], now: datetime) -> None:
            values[key], entries[key] = value, Entry(key=key, set_at=now, set_by=by)

        return await self._change(tenant, add, by)

    async def delete(self, tenant: str, key: str, *, by: str) -> int:
        """Take a value out; the number of the set that is left. Raises `NotFound`."""

        def remove(values: dict[str, str], entries: dict[str, Entry], now: datetime) -> None:
            if key not in values:
                raise NotFound("configuration", key)
            del values[key], entries[key]

        return await self._change(tenant, remove, by)

    def forget(self, tenant: str) -> None:
        self._known.pop(tenant, None)

    async def refresh(self) -> None:
        """Take over what other replicas have changed."""
        stamps = await self._store.configuration_stamps()
        for tenant, known in list(self._known.items()):
            if stamps.get(tenant) != known[0]:
                fresh = await self._store.configuration(tenant)
                if self._known.get(tenant) is not known:
                    continue  # a change was made here meanwhile
                try:
                    self._keep(tenant, fresh)
                except Broken as error:  # of one tenant: the others are kept fresh
                    log.error("a configuration cannot be read: the one before stays", tenant=tenant, error=str(error))

    async def seal_again(self) -> None:
        """Seal with the current secret what the one before has sealed: the end of its rotation."""
        for stored in await self._store.every_configuration():
            try:
                self._seals[0].open(stored.sealed, _about(stored.tenant, stored.number))
            except Broken:
                try:
                    values = self.opened(stored).values
                except Broken as error:  # of one tenant: the others are served
                    log.error("a configuration cannot be read", tenant=stored.tenant, error=str(error))
                    continue
                sealed = self.sealed(stored.tenant, stored.number, values)
                await self._store.seal_configuration_again(msgspec.structs.replace(stored, sealed=sealed))

    async def _change(self, tenant: str, act: Act, by: str) -> int:
        def change(before: SealedSet | None, number: int, now: datetime) -> tuple[tuple[Entry, ...], bytes]:
            values = {} if before is None else dict(self.opened(before).values)
            entries = {} if before is None else {entry.key: entry for entry in before.entries}
            act(values, entries, now)
            self._require_room(values)
            return tuple(sorted(entries.values(), key=lambda entry: entry.key)), self.sealed(tenant, number, values)

        async with self._turn:  # else the earlier of two could be the one that is kept
            made = await self._store.change_configuration(tenant, change, by)
            self._keep(tenant, made)
        self._announce()
        log.info("the configuration was changed", tenant=tenant, number=made.number, by=by)
        return made.number

    def _require_valid(self, key: str, value: str) -> None:
        if not KEY.match(key):
            raise InvalidValue(
                f"`{key[:40]}` is not a name: it has 1 to 127 letters, digits, `_`, `-`, `@`, `*`, `+`, `:`"
            )
        if (size := len(value.encode())) > self._limits.configuration_value:
            raise InvalidValue(f"the value has {size} bytes: the limit is {self._limits.configuration_value}")

    def _require_room(self, values: Mapping[str, str]) -> None:
        limits = self._limits
        if len(values) > limits.configuration_values:
            raise InvalidValue(f"these are {len(values)} values: the limit is {limits.configuration_values}")
        if (size := len(msgspec.json.encode(values))) > limits.configuration:
            raise InvalidValue(f"all values together have {size} bytes: the limit is {limits.configuration}")

    def _keep(self, tenant: str, stored: SealedSet | None) -> ConfigurationSet:
        opened = EMPTY if stored is None else self.opened(stored)
        self._known[tenant] = None if stored is None else (stored.number, stored.created_at), opened
        return opened

    def sealed(self, tenant: str, number: int, values: Mapping[str, str]) -> bytes:
        """As the set of this number is stored."""
        return self._seals[0].seal(msgspec.json.encode(values), _about(tenant, number))

    def opened(self, stored: SealedSet) -> ConfigurationSet:
        """The values of a stored set. Raises `Broken` for what neither secret has sealed."""
        for seal in self._seals:
            try:
                text = seal.open(stored.sealed, _about(stored.tenant, stored.number))
            except Broken:
                continue
            return ConfigurationSet(stored.number, msgspec.json.decode(text, type=dict[str, str]))
        raise Broken(f"configuration {stored.number} of tenant `{stored.tenant}` was sealed with another secret")


def _about(tenant: str, number: int) -> str:
    return f"configuration {tenant} {number}"
