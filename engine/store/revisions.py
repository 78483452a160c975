"""Revisions: what was live when. Rows are only ever added, each with the next number."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec
from sqlalchemy import Row, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.models import PipelineModule, PipelineRule, Revision, TenantSettings
from engine.store.errors import Conflict, NotFound, Unstorable
from engine.store.tables import LARGEST, revisions, tenants


class Body(msgspec.Struct, frozen=True):
    """What a revision holds, as it is stored."""

    rules: tuple[PipelineRule, ...]
    settings: TenantSettings
    modules: tuple[PipelineModule, ...] = ()
    message: str = ""


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Body).decode


def _revision(row: Row[tuple[object, ...]]) -> Revision:
    body = _decode(row.body)
    return Revision(
        tenant=row.tenant,
        number=row.number,
        rules=body.rules,
        settings=body.settings,
        modules=body.modules,
        created_at=row.created_at,
        created_by=row.created_by,
        restores=row.restores,
        message=body.message,
    )


async def live(connection: AsyncConnection, tenant: str) -> Revision:
    query = (
        select(revisions)
        .join(tenants, (tenants.c.id == revisions.c.tenant) & (tenants.c.live == revisions.c.number))
        .where(tenants.c.id == tenant)
    )
    try:
        row = (await connection.execute(query)).one_or_none()
    except Unstorable:
        row = None
    if row is None:
        raise NotFound("tenant", tenant)
    return _revision(row)


async def live_stamps(connection: AsyncConnection) -> dict[str, tuple[int, datetime]]:
    query = select(tenants.c.id, revisions.c.number, revisions.c.created_at).join(
        revisions, (tenants.c.id == revisions.c.tenant) & (tenants.c.live == revisions.c.number)
    )
    return {row.id: (row.number, row.created_at) for row in await connection.execute(query)}


async def find(connection: AsyncConnection, tenant: str, number: int) -> Revision:
    query = select(revisions).where(revisions.c.tenant == tenant, revisions.c.number == number)
    try:
        row = (await connection.execute(query)).one_or_none()
    except Unstorable:
        row = None
    if row is None:
        raise NotFound("revision", str(number))
    return _revision(row)


async def page(connection: AsyncConnection, tenant: str, before: int | None, limit: int) -> list[Revision]:
    query = select(revisions).where(revisions.c.tenant == tenant)
    if before is not None:
        query = query.where(revisions.c.number < min(max(before, 0), LARGEST))
    newest_first = query.order_by(revisions.c.number.desc()).limit(limit)
    return [_revision(row) for row in await connection.execute(newest_first)]


async def following(connection: AsyncConnection, tenant: str, after: int, limit: int) -> list[Revision]:
    """Up to `limit` revisions, oldest first, with numbers above `after`."""
    query = select(revisions).where(revisions.c.tenant == tenant, revisions.c.number > after)
    oldest_first = query.order_by(revisions.c.number).limit(limit)
    return [_revision(row) for row in await connection.execute(oldest_first)]


def row(revision: Revision) -> dict[str, object]:
    """As it is stored."""
    return {
        "tenant": revision.tenant,
        "number": revision.number,
        "body": _body(revision),
        "created_at": revision.created_at,
        "created_by": revision.created_by,
        "restores": revision.restores,
    }


def _body(revision: Revision) -> str:
    body = Body(rules=revision.rules, settings=revision.settings, modules=revision.modules, message=revision.message)
    return _encode(body).decode()


async def explain(connection: AsyncConnection, live: Revision, made: Revision, message: str) -> Revision:
    """The revision with what its maker says of it, in the transaction that made it; `live` itself where none was."""
    if not message or made.number == live.number:
        return made
    said = msgspec.structs.replace(made, message=message)
    row = (revisions.c.tenant == made.tenant) & (revisions.c.number == made.number)
    await connection.execute(update(revisions).where(row).values(body=_body(said)))
    return said


async def publish(connection: AsyncConnection, revision: Revision) -> Revision:
    """Makes the revision the live one. Its number must be the next; where somebody has taken it,
    `Conflict`.
    """
    try:
        await connection.execute(insert(revisions).values(**row(revision)))
    except IntegrityError as error:
        raise Conflict(
            "revision_race", f"revision `{revision.number}` of tenant `{revision.tenant}` exists already"
        ) from error
    await connection.execute(update(tenants).where(tenants.c.id == revision.tenant).values(live=revision.number))
    return revision


async def change(
    connection: AsyncConnection,
    live: Revision,
    *,
    rules: Iterable[PipelineRule] | None = None,
    settings: TenantSettings | None = None,
    modules: Iterable[PipelineModule] | None = None,
    by: str,
    now: datetime,
) -> Revision | None:
    """The revision after `live` with these rules, settings or modules, or None where that changes nothing."""
    pipeline = live.rules if rules is None else tuple(rules)
    library = live.modules if modules is None else tuple(sorted(modules, key=lambda module: module.name))
    if pipeline == live.rules and settings in (None, live.settings) and library == live.modules:
        return None
    revision = Revision(
        tenant=live.tenant,
        number=live.number + 1,
        rules=pipeline,
        settings=settings or live.settings,
        modules=library,
        created_at=now,
        created_by=by,
    )
    return await publish(connection, revision)


async def restore(connection: AsyncConnection, live: Revision, old: Revision, *, by: str, now: datetime) -> Revision:
    # What is recorded decides no execution: what somebody has had redacted since must not come back with old rules.
    settings = msgspec.structs.replace(old.settings, recording=live.settings.recording)
    revision = msgspec.structs.replace(
        old, number=live.number + 1, settings=settings, created_at=now, created_by=by, restores=old.number, message=""
    )
    return await publish(connection, revision)
