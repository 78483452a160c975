"""Modules of a tenant: immutable versions, and the ones that are live in its revision."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.library import mentioned
from engine.models import ModuleVersion, PipelineModule, Revision
from engine.store import versions
from engine.store.errors import NotFound, Unstorable
from engine.store.tables import module_versions


async def changed(
    connection: AsyncConnection,
    live: Revision,
    scripts: Mapping[str, str],
    gone: Collection[str],
    by: str,
    now: datetime,
) -> tuple[PipelineModule, ...]:
    """The live modules with these scripts, each a new version unless it is the live one's, and without those `gone`."""
    found = {module.name: module for module in live.modules if module.name not in gone}
    names = {*found, *scripts}
    for name, script in scripts.items():
        sha256 = versions.digest(script)
        before = found.get(name)
        if before is not None and before.sha256 == sha256:
            continue
        query = select(func.max(module_versions.c.number)).where(_of(live.tenant, name))
        number = (await connection.scalar(query) or 0) + 1
        await connection.execute(
            insert(module_versions).values(
                tenant=live.tenant,
                name=name,
                number=number,
                script=script,
                sha256=sha256,
                created_at=now,
                created_by=by,
            )
        )
        imports = mentioned(script, names - {name})
        found[name] = PipelineModule(name=name, version=number, sha256=sha256, imports=imports)
    return tuple(found.values())


async def every_version(connection: AsyncConnection, tenant: str, name: str) -> list[ModuleVersion]:
    """Newest first."""
    found = await _select(connection, _versions(tenant, name))
    if not found:
        raise NotFound("module", name)
    return found


async def find(connection: AsyncConnection, tenant: str, name: str, number: int) -> ModuleVersion:
    found = await _select(connection, _versions(tenant, name).where(module_versions.c.number == number))
    if not found:
        raise NotFound("version", f"{name}/{number}")
    return found[0]


def _versions(tenant: str, name: str) -> Select[tuple[object, ...]]:
    return select(module_versions).where(_of(tenant, name)).order_by(module_versions.c.number.desc())


def _of(tenant: str, name: str) -> ColumnElement[bool]:
    return and_(module_versions.c.tenant == tenant, module_versions.c.name == name)


async def _select(connection: AsyncConnection, query: Select[tuple[object, ...]]) -> list[ModuleVersion]:
    try:
        rows = await connection.execute(query)
    except Unstorable:
        return []
    return [
        ModuleVersion(
            name=row.name,
            number=row.number,
            script=row.script,
            sha256=row.sha256,
            created_at=row.created_at,
            created_by=row.created_by,
        )
        for row in rows
    ]
