"""Tenants, and the lock that makes the writers of one tenant take turns."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.models import Revision, Tenant, TenantSettings
from engine.store import audit, revisions
from engine.store.audit import Change
from engine.store.errors import NotFound, Unstorable
from engine.store.tables import tenants


async def create(connection: AsyncConnection, id: str, by: str, now: datetime) -> Tenant:
    # SQLAlchemy has ON CONFLICT only per dialect, but both write it the same.
    added = await connection.execute(insert(tenants).values(id=id, created_at=now, live=0).on_conflict_do_nothing())
    if added.rowcount:
        first = Revision(tenant=id, number=1, rules=(), settings=TenantSettings(), created_at=now, created_by=by)
        await revisions.publish(connection, first)
        await audit.add(connection, id, [Change("tenant.create", id)], by=by, now=now, revision=first)
    return await find(connection, id)


async def find(connection: AsyncConnection, id: str) -> Tenant:
    query = select(tenants.c.id, tenants.c.created_at).where(tenants.c.id == id)
    try:
        row = (await connection.execute(query)).one_or_none()
    except Unstorable:
        row = None
    if row is None:
        raise NotFound("tenant", id)
    return Tenant(id=row.id, created_at=row.created_at)


async def every(connection: AsyncConnection) -> list[Tenant]:
    query = select(tenants.c.id, tenants.c.created_at).order_by(tenants.c.id)
    return [Tenant(id=row.id, created_at=row.created_at) for row in await connection.execute(query)]


async def remove(connection: AsyncConnection, id: str, by: str, now: datetime) -> None:
    live = await lock(connection, id)
    before = {"revision": live.number, "rules": len(live.rules)}
    await audit.add(connection, id, [Change("tenant.end", id, before)], by=by, now=now)
    await connection.execute(delete(tenants).where(tenants.c.id == id))


async def lock(connection: AsyncConnection, id: str) -> Revision:
    """The live revision, after every other writer of the tenant has finished; they now wait for this one.

    On SQLite the transaction itself is that lock. On PostgreSQL the row is locked in the mode that lets
    records of executions be stored meanwhile, since their foreign key only needs the tenant to stay.
    """
    query = select(tenants.c.id).where(tenants.c.id == id).with_for_update(key_share=True)
    try:
        row = (await connection.execute(query)).one_or_none()
    except Unstorable:
        row = None
    if row is None:
        raise NotFound("tenant", id)
    return await revisions.live(connection, id)
