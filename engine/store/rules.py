"""Rules as their authors save them. Making them live is `engine.store.revisions`."""

from __future__ import annotations

import secrets
import string
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

import msgspec
from msgspec import UNSET, UnsetType
from sqlalchemy import Row, Select, bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.library import mentioned
from engine.models import Conditions, OnFailure, PipelineRule, Revision, Rule, RuleVersion
from engine.store import audit, changes, revisions, versions
from engine.store.errors import NotFound, OrderIncomplete, Unstorable
from engine.store.tables import rule_versions, rules

Guard = Callable[[Rule], None]


class RuleChanges(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an author changes of a rule; what is not given stays."""

    name: str | UnsetType = UNSET
    script: str | UnsetType = UNSET
    order: int | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    on_failure: OnFailure | UnsetType = UNSET
    conditions: Conditions | UnsetType = UNSET


def new_id() -> str:
    alphabet = string.ascii_lowercase + string.digits
    return "rul_" + "".join(secrets.choice(alphabet) for _ in range(20))


def of_tenant(tenant: str) -> Select[tuple[object, ...]]:
    """Its rules, deleted ones too, each with what its saved version has."""
    return (
        select(rules, rule_versions.c.sha256)
        .join(
            rule_versions,
            (rule_versions.c.rule_id == rules.c.id) & (rule_versions.c.number == rules.c.version),
        )
        .where(rules.c.tenant == tenant)
    )


def _present(tenant: str) -> Select[tuple[object, ...]]:
    return of_tenant(tenant).where(rules.c.deleted.is_(False)).order_by(rules.c.order, rules.c.sequence)


def saved_entry(row: Row[tuple[object, ...]]) -> PipelineRule:
    return PipelineRule(
        id=row.id,
        name=row.name,
        version=row.version,
        sha256=row.sha256,
        order=row.order,
        enabled=row.enabled,
        on_failure=row.on_failure,
        conditions=row.conditions,
        imports=row.imports,
    )


def _rule(row: Row[tuple[object, ...]], live: Revision) -> Rule:
    saved = saved_entry(row)
    entry = next((rule for rule in live.rules if rule.id == saved.id), None)
    return Rule(id=saved.id, saved=saved, live=entry, created_at=row.created_at, updated_at=row.updated_at)


async def every(connection: AsyncConnection, live: Revision) -> list[Rule]:
    return [_rule(row, live) for row in await connection.execute(_present(live.tenant))]


async def find(connection: AsyncConnection, live: Revision, id: str) -> Rule:
    try:
        row = (await connection.execute(_present(live.tenant).where(rules.c.id == id))).one_or_none()
    except Unstorable:
        row = None
    if row is None:
        raise NotFound("rule", id)
    return _rule(row, live)


async def create(
    connection: AsyncConnection,
    live: Revision,
    *,
    name: str,
    script: str,
    order: int | None,
    enabled: bool,
    on_failure: OnFailure,
    conditions: Conditions,
    deploy: bool,
    by: str,
    now: datetime,
) -> tuple[Rule, Revision | None]:
    rule_id = new_id()
    newest = func.coalesce(func.max(rules.c.sequence), 0)
    last = func.coalesce(func.max(rules.c.order).filter(rules.c.deleted.is_(False)), 0)
    place = (await connection.execute(select(newest, last).where(rules.c.tenant == live.tenant))).one()
    saved = PipelineRule(
        id=rule_id,
        name=name,
        version=1,
        sha256=versions.digest(script),
        order=place[1] + 1 if order is None else order,
        enabled=enabled,
        on_failure=on_failure,
        conditions=conditions,
        imports=mentioned(script, names_of(live)),
    )
    await connection.execute(
        insert(rules).values(
            id=rule_id,
            tenant=live.tenant,
            sequence=place[0] + 1,
            created_at=now,
            updated_at=now,
            deleted=False,
            **columns(saved),
        )
    )
    await versions.add(
        connection,
        RuleVersion(rule_id=rule_id, number=1, script=script, sha256=saved.sha256, created_at=now, created_by=by),
    )
    revision = await _deploy(connection, live, saved, by, now) if deploy else None
    entry = saved if deploy else None
    await audit.add(connection, live.tenant, changes.of_rules([], [saved]), by=by, now=now, revision=revision)
    return Rule(id=rule_id, saved=saved, live=entry, created_at=now, updated_at=now), revision


async def change(
    connection: AsyncConnection,
    live: Revision,
    id: str,
    *,
    wanted: RuleChanges,
    deploy: bool,
    by: str,
    guard: Guard | None,
    now: datetime,
) -> tuple[Rule, Revision | None]:
    before = rule = await find(connection, live, id)
    if guard is not None:
        guard(rule)
    given = {field: value for field, value in msgspec.structs.asdict(wanted).items() if value is not UNSET}
    script = given.pop("script", None)
    if script is not None and versions.digest(script) != rule.saved.sha256:
        version = await versions.add_next(connection, id, script, by, now)
        imports = mentioned(script, names_of(live))
        given |= {"version": version.number, "sha256": version.sha256, "imports": imports}
    saved = msgspec.structs.replace(rule.saved, **given)
    if saved != rule.saved:
        rule = msgspec.structs.replace(rule, saved=saved, updated_at=now)
        await connection.execute(update(rules).where(rules.c.id == id).values(updated_at=now, **columns(saved)))
    revision = None
    if deploy:
        revision = await _deploy(connection, live, saved, by, now)
        rule = msgspec.structs.replace(rule, live=saved)
    noted = changes.of_rules([before.saved], [saved])
    if not noted and revision is not None:
        noted = changes.of_deployed(before.live, saved)
    await audit.add(connection, live.tenant, noted, by=by, now=now, revision=revision)
    return rule, revision


async def delete(
    connection: AsyncConnection, live: Revision, id: str, *, by: str, guard: Guard | None, now: datetime
) -> Revision | None:
    rule = await find(connection, live, id)
    if guard is not None:
        guard(rule)
    await connection.execute(update(rules).where(rules.c.id == id).values(deleted=True, updated_at=now))
    left = [entry for entry in live.rules if entry.id != id]
    revision = await revisions.change(connection, live, rules=left, by=by, now=now)
    await audit.add(connection, live.tenant, changes.of_rules([rule.saved], []), by=by, now=now, revision=revision)
    return revision


async def set_order(
    connection: AsyncConnection, live: Revision, ids: Sequence[str], *, by: str, now: datetime
) -> Revision:
    present = {rule.id: rule.saved for rule in await every(connection, live)}
    given = Counter(ids)
    missing = [rule for rule in present if rule not in given]
    unknown = [rule for rule in given if rule not in present]
    repeated = [rule for rule, times in given.items() if times > 1]
    if missing or unknown or repeated:
        raise OrderIncomplete(missing, unknown, repeated)
    place = {rule: number for number, rule in enumerate(ids, start=1)}
    moved = [{"rule": rule, "place": place[rule]} for rule, saved in present.items() if saved.order != place[rule]]
    if moved:
        await connection.execute(
            update(rules).where(rules.c.id == bindparam("rule")).values(order=bindparam("place"), updated_at=now),
            moved,
        )
    pipeline = sorted(
        (msgspec.structs.replace(entry, order=place[entry.id]) for entry in live.rules),
        key=lambda entry: entry.order,
    )
    revision = await revisions.change(connection, live, rules=pipeline, by=by, now=now)
    noted = changes.of_order(present.values(), place) if moved or revision is not None else []
    await audit.add(connection, live.tenant, noted, by=by, now=now, revision=revision)
    return revision or live


async def bring_back(connection: AsyncConnection, entries: Iterable[PipelineRule], now: datetime) -> None:
    """The rules of these entries exist again where they were deleted, and are all saved as the entries say: a
    later small change must not put a script live that was just taken back. Its version stays in the history.
    """
    for entry in entries:
        await connection.execute(
            update(rules).where(rules.c.id == entry.id).values(deleted=False, updated_at=now, **columns(entry))
        )


async def sequences(connection: AsyncConnection, tenant: str) -> dict[str, int]:
    """In which order the tenant's rules were created: of those with the same `order`, the earlier one runs first."""
    query = select(rules.c.id, rules.c.sequence).where(rules.c.tenant == tenant)
    return {row.id: row.sequence for row in await connection.execute(query)}


def names_of(live: Revision) -> set[str]:
    """The modules that rules can import."""
    return {module.name for module in live.modules}


def columns(saved: PipelineRule) -> dict[str, object]:
    # The digest stands with the version.
    fields = msgspec.structs.asdict(saved)
    return {field: value for field, value in fields.items() if field not in ("id", "sha256")}


async def _deploy(
    connection: AsyncConnection, live: Revision, saved: PipelineRule, by: str, now: datetime
) -> Revision | None:
    created = await sequences(connection, live.tenant)
    pipeline = sorted(
        [entry for entry in live.rules if entry.id != saved.id] + [saved],
        key=lambda entry: (entry.order, created[entry.id]),
    )
    return await revisions.change(connection, live, rules=pipeline, by=by, now=now)
