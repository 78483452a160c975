"""Rule versions: the immutable sources, readable for as long as the tenant exists."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.models import RuleVersion
from engine.store.errors import NotFound, Unstorable
from engine.store.tables import module_versions, rule_versions, rules

# Both databases limit the parameters of one statement, to 32,766 or a little more.
BATCH = 10_000


def digest(script: str) -> str:
    """The SHA-256 of a script; `Unstorable` where its characters have no UTF-8."""
    try:
        return hashlib.sha256(script.encode()).hexdigest()
    except UnicodeEncodeError:
        raise Unstorable("script", "contains a lone surrogate") from None


async def add(connection: AsyncConnection, version: RuleVersion) -> None:
    await connection.execute(
        insert(rule_versions).values(
            rule_id=version.rule_id,
            number=version.number,
            script=version.script,
            sha256=version.sha256,
            created_at=version.created_at,
            created_by=version.created_by,
        )
    )


async def add_next(connection: AsyncConnection, rule_id: str, script: str, by: str, now: datetime) -> RuleVersion:
    """Stores the script under the next number. After an activation that is not always the saved number plus
    one.
    """
    newest = await connection.scalar(select(func.max(rule_versions.c.number)).where(rule_versions.c.rule_id == rule_id))
    version = RuleVersion(
        rule_id=rule_id,
        number=(newest or 0) + 1,
        script=script,
        sha256=digest(script),
        created_at=now,
        created_by=by,
    )
    await add(connection, version)
    return version


async def every(connection: AsyncConnection, tenant: str, rule_id: str) -> list[RuleVersion]:
    found = await _select(connection, tenant, rule_id, None)
    if not found:
        raise NotFound("rule", rule_id)
    return found


async def find(connection: AsyncConnection, tenant: str, rule_id: str, number: int) -> RuleVersion:
    found = await _select(connection, tenant, rule_id, number)
    if not found:
        raise NotFound("version", f"{rule_id}/{number}")
    return found[0]


async def _select(connection: AsyncConnection, tenant: str, rule_id: str, number: int | None) -> list[RuleVersion]:
    query = (
        select(rule_versions)
        .join(rules, rules.c.id == rule_versions.c.rule_id)
        .where(rules.c.tenant == tenant, rules.c.id == rule_id)
        .order_by(rule_versions.c.number.desc())
    )
    if number is not None:
        query = query.where(rule_versions.c.number == number)
    try:
        rows = await connection.execute(query)
    except Unstorable:
        return []
    return [RuleVersion(**row) for row in rows.mappings()]


async def scripts(connection: AsyncConnection, sha256s: Collection[str]) -> dict[str, str]:
    wanted = sorted(set(sha256s))
    found: dict[str, str] = {}
    for start in range(0, len(wanted), BATCH):
        batch = wanted[start : start + BATCH]
        for table in (rule_versions, module_versions):
            query = select(table.c.sha256, table.c.script).where(table.c.sha256.in_(batch))
            found.update({row.sha256: row.script for row in await connection.execute(query)})
            batch = [sha256 for sha256 in batch if sha256 not in found]
            if not batch:
                break
    return found
