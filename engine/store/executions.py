"""Records of executions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.models import Decision
from engine.store.errors import NotFound, Unstorable
from engine.store.tables import executions, require_storable, tenants

AT_ONCE = 100  # rows of one statement: SQLite takes 32,766 values
COLUMNS = ("id", "tenant", "revision", "decision", "created_at", "record")
MOMENT = len("2026-01-02 03:04:05.678901")  # as SQLAlchemy has SQLite keep one


class ExecutionRow(msgspec.Struct, frozen=True, kw_only=True):
    """One record, with what it can be found by. `record` is stored as it is."""

    id: str
    tenant: str
    revision: int
    decision: Decision
    created_at: datetime
    record: bytes


async def add(connection: AsyncConnection, rows: Sequence[ExecutionRow]) -> None:
    owners = sorted({row.tenant for row in rows})
    # A tenant deleted since takes its records with it, and must not take the batch. The lock keeps the
    # others.
    query = select(tenants.c.id).where(tenants.c.id.in_(owners)).order_by(tenants.c.id)
    present = set(await connection.scalars(query.with_for_update(read=True, key_share=True)))
    rows = [row for row in rows if row.tenant in present]
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        for first in range(0, len(rows), AT_ONCE):
            await _insert(connection, rows[first : first + AT_ONCE])
    else:
        # SQLAlchemy has ON CONFLICT only per dialect, but both write it the same.
        values = [msgspec.structs.asdict(row) for row in rows]
        await connection.execute(insert(executions).on_conflict_do_nothing(), values)


async def _insert(connection: AsyncConnection, rows: Sequence[ExecutionRow]) -> None:
    """Many rows in one statement of SQLite's. Its driver takes the interpreter from the logins at every row of
    `executemany`, and SQLAlchemy touches each value."""
    names = ", ".join(COLUMNS)
    marks = ", ".join(["(" + ", ".join("?" * len(COLUMNS)) + ")"] * len(rows))
    values: list[object] = []
    for row in rows:
        require_storable("execution", row.id + row.tenant)
        moment = row.created_at.astimezone(UTC).isoformat(" ", "microseconds")[:MOMENT]
        values += (row.id, row.tenant, row.revision, row.decision, moment, row.record)
    await connection.exec_driver_sql(
        f"INSERT INTO executions ({names}) VALUES {marks} ON CONFLICT DO NOTHING",  # noqa: S608  names of ours
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
