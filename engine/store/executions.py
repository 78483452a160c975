"""Records of executions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.models import Decision
from engine.store.errors import NotFound, Unstorable
from engine.store.tables import executions, tenants


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
    values = [msgspec.structs.asdict(row) for row in rows if row.tenant in present]
    if values:
        # SQLAlchemy has ON CONFLICT only per dialect, but both write it the same.
        await connection.execute(insert(executions).on_conflict_do_nothing(), values)


async def find(connection: AsyncConnection, tenant: str, id: str) -> bytes:
    query = select(executions.c.record).where(executions.c.tenant == tenant, executions.c.id == id)
    try:
        record = await connection.scalar(query)
    except Unstorable:
        record = None
    if record is None:
        raise NotFound("execution", id)
    return bytes(record)
