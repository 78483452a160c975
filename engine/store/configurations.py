"""Sets of configuration values: numbered, never changed, the last one live. Their values are sealed by who asks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec
from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.models import JSON, Moment
from engine.store import audit
from engine.store.errors import NotFound, Unstorable
from engine.store.tables import configurations


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a value: never the value itself."""

    key: str
    set_at: Moment
    set_by: str


class SealedSet(msgspec.Struct, frozen=True, kw_only=True):
    tenant: str
    number: int
    entries: tuple[Entry, ...]
    sealed: bytes
    created_at: datetime
    created_by: str


# From the live set, or None, what the next one holds: its entries, and its values sealed for the number given.
Change = Callable[[SealedSet | None, int, datetime], tuple[tuple[Entry, ...], bytes]]
_entries = msgspec.json.Decoder(tuple[Entry, ...])


async def live(connection: AsyncConnection, tenant: str) -> SealedSet | None:
    query = select(configurations).where(configurations.c.tenant == tenant)
    try:
        row = (await connection.execute(query.order_by(configurations.c.number.desc()).limit(1))).one_or_none()
    except Unstorable:
        row = None
    return None if row is None else _set(row)


async def find(connection: AsyncConnection, tenant: str, number: int) -> SealedSet:
    query = select(configurations).where(configurations.c.tenant == tenant, configurations.c.number == number)
    try:
        row = (await connection.execute(query)).one_or_none()
    except Unstorable:
        row = None
    if row is None:
        raise NotFound("configuration", str(number))
    return _set(row)


async def every(connection: AsyncConnection) -> list[SealedSet]:
    return [_set(row) for row in await connection.execute(select(configurations))]


async def stamps(connection: AsyncConnection) -> dict[str, tuple[int, datetime]]:
    last = select(configurations.c.tenant, func.max(configurations.c.number).label("number"))
    newest = last.group_by(configurations.c.tenant).subquery()
    query = select(configurations.c.tenant, configurations.c.number, configurations.c.created_at).join(
        newest, (newest.c.tenant == configurations.c.tenant) & (newest.c.number == configurations.c.number)
    )
    return {row.tenant: (row.number, row.created_at) for row in await connection.execute(query)}


async def change(connection: AsyncConnection, tenant: str, change: Change, by: str, now: datetime) -> SealedSet:
    """The set after the live one. The tenant is locked."""
    before = await live(connection, tenant)
    number = 1 if before is None else before.number + 1
    entries, sealed = change(before, number, now)
    made = SealedSet(tenant=tenant, number=number, entries=entries, sealed=sealed, created_at=now, created_by=by)
    await add(connection, made)
    await audit.add(connection, tenant, _changes(before, made), by=by, now=now)
    return made


async def add(connection: AsyncConnection, one: SealedSet) -> None:
    """The tenant is locked, and has none with this number."""
    values = {**msgspec.structs.asdict(one), "entries": msgspec.json.encode(one.entries).decode()}
    await connection.execute(insert(configurations).values(**values))


async def remove_replaced(connection: AsyncConnection, tenant: str, before: datetime) -> int:
    """Those that another had replaced before this moment. Answers how many there were."""
    of_tenant = configurations.c.tenant == tenant
    live_then = select(func.max(configurations.c.number)).where(of_tenant, configurations.c.created_at < before)
    removed = await connection.execute(
        delete(configurations).where(of_tenant, configurations.c.number < live_then.scalar_subquery())
    )
    return removed.rowcount


async def seal_again(connection: AsyncConnection, one: SealedSet) -> None:
    """The same values, sealed anew."""
    where = (configurations.c.tenant == one.tenant) & (configurations.c.number == one.number)
    await connection.execute(update(configurations).where(where).values(sealed=one.sealed))


def _changes(before: SealedSet | None, after: SealedSet) -> list[audit.Change]:
    """By names alone."""
    was = {} if before is None else {entry.key: entry for entry in before.entries}
    now = {entry.key: entry for entry in after.entries}
    number = {"number": after.number}  # of the set
    set_ = [
        audit.Change("configuration.set", key, _when(was.get(key)), number) for key in now if was.get(key) != now[key]
    ]
    return set_ + [audit.Change("configuration.delete", key, _when(was[key]), number) for key in was if key not in now]


def _when(entry: Entry | None) -> JSON:
    return None if entry is None else {"set_at": entry.set_at, "set_by": entry.set_by}


def _set(row: Row[tuple[object, ...]]) -> SealedSet:
    return SealedSet(
        tenant=row.tenant,
        number=row.number,
        entries=_entries.decode(row.entries),
        sealed=bytes(row.sealed),
        created_at=row.created_at,
        created_by=row.created_by,
    )
