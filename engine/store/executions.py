"""Records of executions: stored many at a time, found by what they have in common."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import ColumnElement, Select, delete, func, literal_column, select, union_all
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.models import Decision
from engine.store.errors import NotFound, Unstorable
from engine.store.tables import executions, marks, require_storable, tenants

AT_ONCE = 1000  # rows of one statement: SQLite takes 32,766 values
COLUMNS = ("tenant", "id", "decision", "client", "user_digest", "shape", "record")
MOST_SHAPES = 1000  # that are looked up one by one
SHAPES_AT_ONCE = 100  # parts of one union: SQLite takes 500


class ExecutionRow(msgspec.Struct, frozen=True, kw_only=True):
    """One record, with what it can be found by. `record` is stored as it is; `marks` are those of its `shape`."""

    tenant: str
    id: str
    decision: Decision
    client: str | None
    user_digest: bytes | None
    shape: int
    marks: tuple[str, ...]
    record: bytes


class Found(msgspec.Struct, frozen=True):
    id: str
    record: bytes


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which executions. `marks` must all be there. The others are ids: `first` and `last` are included, `before` and
    `after` are not."""

    decision: Decision | None = None
    client: str | None = None
    user_digest: bytes | None = None
    marks: tuple[str, ...] = ()
    first: str | None = None
    last: str | None = None
    before: str | None = None
    after: str | None = None


async def add(connection: AsyncConnection, rows: Sequence[ExecutionRow]) -> None:
    owners = sorted({row.tenant for row in rows})
    # A tenant deleted since takes its records with it, and must not take the batch. The lock keeps the
    # others.
    query = select(tenants.c.id).where(tenants.c.id.in_(owners)).order_by(tenants.c.id)
    present = set(await connection.scalars(query.with_for_update(read=True, key_share=True)))
    rows = [row for row in rows if row.tenant in present]
    if not rows:
        return
    for owner in sorted(present):
        await _mark(connection, owner, {row.shape: row.marks for row in rows if row.tenant == owner})
    # SQLAlchemy has ON CONFLICT only per dialect, but both write it the same.
    if connection.dialect.name == "sqlite":
        for first in range(0, len(rows), AT_ONCE):
            await _insert(connection, rows[first : first + AT_ONCE])
    else:
        values = [{name: getattr(row, name) for name in COLUMNS} for row in rows]
        await connection.execute(insert(executions).on_conflict_do_nothing(), values)


async def _mark(connection: AsyncConnection, tenant: str, shapes: dict[int, tuple[str, ...]]) -> None:
    """Store the marks of shapes that have none yet. They are asked for every time: they go when the last execution of
    their shape goes, in whichever process."""
    for first in range(0, len(shapes), AT_ONCE):
        some = sorted(shapes)[first : first + AT_ONCE]  # in order, so that two writers do not wait for each other
        known = select(marks.c.shape).where(marks.c.tenant == tenant, marks.c.shape.in_(some)).distinct()
        new = set(some) - set(await connection.scalars(known))
        rows = [{"tenant": tenant, "shape": shape, "mark": mark} for shape in sorted(new) for mark in shapes[shape]]
        if rows:
            await connection.execute(insert(marks).on_conflict_do_nothing(), rows)


async def _insert(connection: AsyncConnection, rows: Sequence[ExecutionRow]) -> None:
    """Many rows in one statement of SQLite's. Its driver takes the interpreter from the logins at every row of
    `executemany`, and SQLAlchemy touches each value."""
    places = ", ".join(["(" + ", ".join("?" * len(COLUMNS)) + ")"] * len(rows))
    values: list[object] = []
    for row in rows:
        require_storable("execution", row.tenant + row.id + (row.client or ""))
        values += (row.tenant, row.id, row.decision, row.client, row.user_digest, row.shape, row.record)
    await connection.exec_driver_sql(
        f"INSERT INTO executions ({', '.join(COLUMNS)}) VALUES {places} ON CONFLICT DO NOTHING",  # noqa: S608  ours
        tuple(values),
    )


async def find(connection: AsyncConnection, tenant: str, id: str) -> bytes:
    query = select(executions.c.record).where(executions.c.tenant == tenant, executions.c.id == id)
    try:
        record = await connection.scalar(query)
    except Unstorable:
        record = None
    if record is None:
        raise NotFound("execution", id)
    return bytes(record)


async def page(connection: AsyncConnection, tenant: str, which: Filter, limit: int) -> list[Found]:
    """Newest first. Costs what the answer is long, for every filter by itself; with several filters what the rarest of
    them leaves is looked through."""
    try:
        if not which.marks:
            return await _newest(connection, _query(tenant, which, limit))
        found: list[Found] = []
        shapes = await _shapes(connection, tenant, which.marks)
        if len(shapes) > MOST_SHAPES:
            # Every login has claims of its own: then the newest are looked through until enough are found.
            fitting = executions.c.shape.in_(_with_marks(tenant, which.marks))
            return await _newest(connection, _query(tenant, which, limit, fitting))
        for first in range(0, len(shapes), SHAPES_AT_ONCE):
            parts = [
                _query(tenant, which, limit, executions.c.shape == shape).subquery()
                for shape in shapes[first : first + SHAPES_AT_ONCE]
            ]
            together = union_all(*(select(part.c.id, part.c.record) for part in parts)).subquery()
            query = select(together.c.id, together.c.record).order_by(together.c.id.desc()).limit(limit)
            found = sorted([*found, *await _newest(connection, query)], key=lambda one: one.id, reverse=True)[:limit]
        return found
    except Unstorable:
        return []  # nothing is stored under such a name


async def count(connection: AsyncConnection, tenant: str, which: Filter) -> int:
    try:
        wanted = _wanted(tenant, which)
        if which.marks:
            wanted.append(executions.c.shape.in_(_with_marks(tenant, which.marks)))
        return await connection.scalar(select(func.count()).select_from(executions).where(*wanted)) or 0
    except Unstorable:
        return 0


async def oldest(connection: AsyncConnection, tenant: str, which: Filter, limit: int) -> list[Found]:
    """Oldest first; `which` has no marks."""
    query = select(executions.c.id, executions.c.record).where(*_wanted(tenant, which)).order_by(executions.c.id)
    return [Found(row.id, bytes(row.record)) for row in await connection.execute(query.limit(limit))]


def _query(tenant: str, which: Filter, limit: int, *more: ColumnElement[bool]) -> Select[tuple[str, bytes]]:
    wanted = [*_wanted(tenant, which), *more]
    return select(executions.c.id, executions.c.record).where(*wanted).order_by(executions.c.id.desc()).limit(limit)


def _wanted(tenant: str, which: Filter) -> list[ColumnElement[bool]]:
    wanted = [executions.c.tenant == tenant]
    if which.decision is not None:
        wanted.append(executions.c.decision == which.decision)
        if which.decision != "allow":
            wanted.append(executions.c.decision != literal_column("'allow'"))  # as the index has it
    if which.client is not None:
        wanted.append(executions.c.client == which.client)
    if which.user_digest is not None:
        wanted.append(executions.c.user_digest == which.user_digest)
    if which.first is not None:
        wanted.append(executions.c.id >= which.first)
    if which.last is not None:
        wanted.append(executions.c.id <= which.last)
    if which.before is not None:
        wanted.append(executions.c.id < which.before)
    if which.after is not None:
        wanted.append(executions.c.id > which.after)
    return wanted


async def _newest(connection: AsyncConnection, query: Select[tuple[str, bytes]]) -> list[Found]:
    return [Found(row.id, bytes(row.record)) for row in await connection.execute(query)]


async def _shapes(connection: AsyncConnection, tenant: str, wanted: Sequence[str]) -> list[int]:
    """Those that have all of these marks; of very many not all."""
    return list(await connection.scalars(_with_marks(tenant, wanted).limit(MOST_SHAPES + 1)))


def _with_marks(tenant: str, wanted: Sequence[str]) -> Select[tuple[int]]:
    """The shapes that have all of these marks."""
    return (
        select(marks.c.shape)
        .where(marks.c.tenant == tenant, marks.c.mark.in_(wanted))
        .group_by(marks.c.shape)
        .having(func.count() == len(set(wanted)))
    )


async def erase(connection: AsyncConnection, tenant: str, user_digest: bytes) -> int:
    """Remove a person's records; answers how many there were."""
    gone = await connection.execute(
        delete(executions).where(executions.c.tenant == tenant, executions.c.user_digest == user_digest)
    )
    return gone.rowcount


async def beyond(connection: AsyncConnection, tenant: str, keep: int) -> str | None:
    """The id of the newest record beyond the newest `keep`; None where there is none."""
    query = select(executions.c.id).where(executions.c.tenant == tenant).order_by(executions.c.id.desc())
    return await connection.scalar(query.offset(keep).limit(1))


async def remove_through(connection: AsyncConnection, tenant: str, last: str, most: int) -> int:
    """Remove up to `most` of the records up to `last`, oldest first; answers how many."""
    old = select(executions.c.id).where(executions.c.tenant == tenant, executions.c.id <= last)
    oldest = old.order_by(executions.c.id).limit(most).subquery()
    gone = await connection.execute(
        delete(executions).where(executions.c.tenant == tenant, executions.c.id.in_(select(oldest.c.id)))
    )
    return gone.rowcount


async def remove_unused_marks(connection: AsyncConnection, tenant: str) -> None:
    """Marks of shapes that no record has any more."""
    # Writers of records hold this row, too: none adds a record of a shape whose marks go at this moment.
    await connection.execute(select(tenants.c.id).where(tenants.c.id == tenant).with_for_update())
    used = select(executions.c.id).where(executions.c.tenant == tenant, executions.c.shape == marks.c.shape)
    await connection.execute(delete(marks).where(marks.c.tenant == tenant, ~used.exists()))
