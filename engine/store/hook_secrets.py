"""Secrets of issuers' hooks: a row for each, sealed by who asks. After every change the tenant's stamp is another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from secrets import token_hex

import msgspec
from sqlalchemy import ColumnElement, Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.models import JSON
from engine.store import audit
from engine.store.errors import NotFound, Unstorable
from engine.store.tables import hook_secrets, tenants


class SealedSecret(msgspec.Struct, frozen=True, kw_only=True):
    tenant: str
    issuer: str
    id: str
    type: str
    sealed: bytes
    set_at: datetime
    set_by: str


class TenantSecrets(msgspec.Struct, frozen=True, kw_only=True):
    """All secrets of a tenant at one moment; `stamp` is None where there never was one."""

    stamp: str | None
    secrets: tuple[SealedSecret, ...]


AT_ONCE = 1_000  # values of one query, of which no database takes any number

# Sees the tenant's secrets before one is put, while nobody else puts any; what it raises ends it.
Guard = Callable[[Sequence[SealedSecret]], None]


async def of_tenants(connection: AsyncConnection, ids: Sequence[str]) -> dict[str, TenantSecrets]:
    """Those of these tenants; one that does not exist is absent."""
    found: dict[str, TenantSecrets] = {}
    for first in range(0, len(ids), AT_ONCE):
        some = ids[first : first + AT_ONCE]
        by_tenant: dict[str, list[SealedSecret]] = {}
        query = select(hook_secrets).where(hook_secrets.c.tenant.in_(some))
        for row in await connection.execute(query.order_by(hook_secrets.c.set_at, hook_secrets.c.id)):
            by_tenant.setdefault(row.tenant, []).append(_secret(row))
        stamped = select(tenants.c.id, tenants.c.hook_secrets).where(tenants.c.id.in_(some))
        for row in await connection.execute(stamped):
            secrets = tuple(by_tenant.get(row.id, ()))
            found[row.id] = TenantSecrets(stamp=row.hook_secrets, secrets=secrets)
    return found


async def every(connection: AsyncConnection) -> list[SealedSecret]:
    return [_secret(row) for row in await connection.execute(select(hook_secrets))]


async def stamps(connection: AsyncConnection) -> dict[str, str]:
    query = select(tenants.c.id, tenants.c.hook_secrets).where(tenants.c.hook_secrets.is_not(None))
    return {row.id: row.hook_secrets for row in await connection.execute(query)}


async def put(connection: AsyncConnection, one: SealedSecret, guard: Guard, by: str, now: datetime) -> TenantSecrets:
    """The tenant's secrets with this one, in the place of the one of its id. The tenant is locked."""
    secrets = (await of_tenants(connection, [one.tenant]))[one.tenant].secrets
    guard(secrets)
    before = next((other for other in secrets if (other.issuer, other.id) == (one.issuer, one.id)), None)
    await connection.execute(delete(hook_secrets).where(_is(one.tenant, one.issuer, one.id)))
    await connection.execute(insert(hook_secrets).values(**msgspec.structs.asdict(one)))
    change = audit.Change("hook_secret.set", f"{one.issuer}/{one.id}", _type(before), _type(one))
    await audit.add(connection, one.tenant, [change], by=by, now=now)
    return await _changed(connection, one.tenant)


async def add(connection: AsyncConnection, tenant: str, secrets: Sequence[SealedSecret]) -> None:
    """To a tenant that has none. The tenant is locked."""
    if secrets:
        await connection.execute(insert(hook_secrets), [msgspec.structs.asdict(one) for one in secrets])
        await _changed(connection, tenant)


async def remove(
    connection: AsyncConnection, tenant: str, issuer: str, id: str, by: str, now: datetime
) -> TenantSecrets:
    """The tenant's secrets without this one. The tenant is locked."""
    try:
        row = (await connection.execute(select(hook_secrets).where(_is(tenant, issuer, id)))).one_or_none()
    except Unstorable:
        row = None
    if row is None:
        raise NotFound("secret", id)
    await connection.execute(delete(hook_secrets).where(_is(tenant, issuer, id)))
    change = audit.Change("hook_secret.delete", f"{issuer}/{id}", _type(_secret(row)))
    await audit.add(connection, tenant, [change], by=by, now=now)
    return await _changed(connection, tenant)


async def seal_again(connection: AsyncConnection, one: SealedSecret, sealed: bytes) -> None:
    """The same secret, sealed anew; nothing where it was changed meanwhile. Its stamp stays: nothing else is true."""
    where = _is(one.tenant, one.issuer, one.id) & (hook_secrets.c.sealed == one.sealed)
    await connection.execute(update(hook_secrets).where(where).values(sealed=sealed))


async def _changed(connection: AsyncConnection, tenant: str) -> TenantSecrets:
    # By chance: a number would come again with another tenant of the name.
    stamp = update(tenants).where(tenants.c.id == tenant).values(hook_secrets=token_hex(8))
    await connection.execute(stamp)
    return (await of_tenants(connection, [tenant]))[tenant]


def _is(tenant: str, issuer: str, id: str) -> ColumnElement[bool]:
    return (hook_secrets.c.tenant == tenant) & (hook_secrets.c.issuer == issuer) & (hook_secrets.c.id == id)


def _type(one: SealedSecret | None) -> JSON:
    return None if one is None else {"type": one.type}


def _secret(row: Row[tuple[object, ...]]) -> SealedSecret:
    return SealedSecret(
        tenant=row.tenant,
        issuer=row.issuer,
        id=row.id,
        type=row.type,
        sealed=bytes(row.sealed),
        set_at=row.set_at,
        set_by=row.set_by,
    )
