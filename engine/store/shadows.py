"""Rules that run beside the live ones: one set of a tenant at most, and what came of it so far."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import Row, delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.models import Revision
from engine.store import audit
from engine.store.errors import NotFound, Unstorable
from engine.store.tables import shadows


class Shadow(msgspec.Struct, frozen=True, kw_only=True):
    """`revision` is what would be live instead. `reached` is the id of the last record that it was tried on; `impact`
    is JSON text of whoever tries it."""

    tenant: str
    revision: Revision
    started_at: datetime
    started_by: str
    reached: str
    impact: str


async def start(connection: AsyncConnection, shadow: Shadow) -> None:
    values = {
        "body": msgspec.json.encode(shadow.revision).decode(),
        "started_at": shadow.started_at,
        "started_by": shadow.started_by,
        "reached": shadow.reached,
        "impact": shadow.impact,
        "held_by": None,
        "held_until": None,
    }
    # SQLAlchemy has ON CONFLICT only per dialect, but both write it the same.
    new = insert(shadows).values(tenant=shadow.tenant, **values)
    await connection.execute(new.on_conflict_do_update(index_elements=["tenant"], set_=values))


async def find(connection: AsyncConnection, tenant: str) -> Shadow:
    try:
        row = (await connection.execute(select(shadows).where(shadows.c.tenant == tenant))).one_or_none()
    except Unstorable:
        row = None
    if row is None:
        raise NotFound("shadow", tenant)
    return _shadow(row)


async def every(connection: AsyncConnection) -> list[str]:
    """The tenants that have one."""
    return list(await connection.scalars(select(shadows.c.tenant).order_by(shadows.c.tenant)))


async def take(connection: AsyncConnection, tenant: str, by: str, now: datetime, until: datetime) -> Shadow | None:
    """The shadow, for nobody else until then; None while another has it, or where there is none."""
    free = or_(shadows.c.held_by.is_(None), shadows.c.held_by == by, shadows.c.held_until < now)
    taken = await connection.execute(
        update(shadows).where(shadows.c.tenant == tenant, free).values(held_by=by, held_until=until)
    )
    return await find(connection, tenant) if taken.rowcount else None


async def advance(connection: AsyncConnection, shadow: Shadow, by: str) -> bool:
    """Keep how far it has come; False where it is another's by now, or has been ended."""
    kept = await connection.execute(
        update(shadows)
        .where(shadows.c.tenant == shadow.tenant, shadows.c.started_at == shadow.started_at, shadows.c.held_by == by)
        .values(reached=shadow.reached, impact=shadow.impact)
    )
    return bool(kept.rowcount)


async def release(connection: AsyncConnection, by: str) -> None:
    await connection.execute(update(shadows).where(shadows.c.held_by == by).values(held_by=None, held_until=None))


async def end(connection: AsyncConnection, tenant: str, by: str, now: datetime) -> None:
    gone = await connection.execute(delete(shadows).where(shadows.c.tenant == tenant))
    if gone.rowcount:
        await audit.add(connection, tenant, [audit.Change("shadow.end")], by=by, now=now)


def _shadow(row: Row[tuple[object, ...]]) -> Shadow:
    return Shadow(
        tenant=row.tenant,
        revision=msgspec.json.decode(row.body, type=Revision),
        started_at=row.started_at,
        started_by=row.started_by,
        reached=row.reached,
        impact=row.impact,
    )
