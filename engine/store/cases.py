"""Cases that are kept beside a rule: one text, replaced as a whole, and gone with the rule. They are no part of what is
live, so a change of them makes no revision."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Select, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.models import PipelineRule, Revision
from engine.store import audit, changes, rules
from engine.store.tables import rule_cases
from engine.store.tables import rules as rule_table

Guard = Callable[["KeptCases | None"], None]


class KeptCases(msgspec.Struct, frozen=True, kw_only=True):
    """`text` is that of a case file, with `count` cases."""

    rule_id: str
    text: str
    count: int
    updated_at: datetime
    updated_by: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


async def find(connection: AsyncConnection, live: Revision, rule: str) -> KeptCases | None:
    await rules.find(connection, live, rule)
    return await _kept(connection, rule)


async def put(
    connection: AsyncConnection,
    live: Revision,
    rule: str,
    text: str,
    count: int,
    *,
    by: str,
    guard: Guard | None,
    now: datetime,
) -> None:
    """Without any (`count` is 0) nothing is kept."""
    saved = (await rules.find(connection, live, rule)).saved
    before = await _kept(connection, rule)
    if guard is not None:
        guard(before)
    after = KeptCases(rule_id=rule, text=text, count=count, updated_at=now, updated_by=by) if count else None
    await audit.add(connection, live.tenant, await _write(connection, saved, before, after), by=by, now=now)


async def every(connection: AsyncConnection, tenant: str) -> tuple[KeptCases, ...]:
    """Those of the tenant's rules, in the order these were made."""
    rows = await connection.execute(_of(tenant).order_by(rule_table.c.sequence))
    return tuple(KeptCases(**row) for row in rows.mappings())


async def replace(
    connection: AsyncConnection,
    before: Sequence[KeptCases],
    wanted: Mapping[str, KeptCases],
    saved: Mapping[str, PipelineRule],
    by: str,
    now: datetime,
) -> list[audit.Change]:
    """Rules (`saved`, by their ids) have these cases, and no others; what changed of them."""
    there = {one.rule_id: one for one in before}
    noted = []
    for rule, entry in saved.items():
        after = wanted.get(rule)
        if after is not None:
            after = msgspec.structs.replace(after, rule_id=rule, updated_at=now, updated_by=by)
        noted += await _write(connection, entry, there.get(rule), after)
    return noted


async def remove_of_deleted(connection: AsyncConnection, tenant: str) -> None:
    """Of every deleted rule: an older version in the middle of an upgrade deletes a rule alone."""
    gone = select(rule_table.c.id).where(rule_table.c.tenant == tenant, rule_table.c.deleted)
    await connection.execute(delete(rule_cases).where(rule_cases.c.rule_id.in_(gone)))


async def _write(
    connection: AsyncConnection, saved: PipelineRule, before: KeptCases | None, after: KeptCases | None
) -> list[audit.Change]:
    if (before and before.text) == (after and after.text):
        return []
    await connection.execute(delete(rule_cases).where(rule_cases.c.rule_id == saved.id))
    if after is not None:
        await connection.execute(insert(rule_cases).values(msgspec.structs.asdict(after)))
    return [changes.of_cases(saved, _told(before), _told(after))]


def _told(one: KeptCases | None) -> dict[str, str | int] | None:
    """What may be told for good: there may be persons in cases."""
    return None if one is None else {"count": one.count, "sha256": one.sha256}


def _of(tenant: str) -> Select[tuple[object, ...]]:
    present = select(rule_cases).join(rule_table, rule_table.c.id == rule_cases.c.rule_id)
    return present.where(rule_table.c.tenant == tenant, rule_table.c.deleted.is_(False))


async def _kept(connection: AsyncConnection, rule: str) -> KeptCases | None:
    row = (await connection.execute(select(rule_cases).where(rule_cases.c.rule_id == rule))).mappings().one_or_none()
    return None if row is None else KeptCases(**row)
