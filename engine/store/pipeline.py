"""The whole pipeline at once: rules made, changed and taken out, all live with one revision."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.library import mentioned
from engine.models import ALWAYS, Conditions, OnFailure, PipelineRule, Revision, Rule
from engine.store import audit, changes, modules, revisions, rules, versions
from engine.store.errors import Conflict, NotFound
from engine.store.tables import rule_versions
from engine.store.tables import rules as rule_table


class WantedRule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule as it is to be live. Without an `id` it is the rule of this name, or a new one."""

    name: str
    script: str
    order: int
    enabled: bool
    on_failure: OnFailure
    conditions: Conditions = ALWAYS
    id: str | None = None


async def put(
    connection: AsyncConnection,
    live: Revision,
    wanted: Sequence[WantedRule],
    scripts: Mapping[str, str] | None,
    *,
    prune: bool,
    by: str,
    now: datetime,
) -> Revision:
    """`scripts` are those of modules, by their names; None leaves the modules as they are."""
    library = live.modules
    if scripts is not None:
        others = {module.name for module in live.modules} - scripts.keys()
        library = await modules.changed(connection, live, scripts, others if prune else (), by, now)
    names = {module.name for module in library}
    present = await rules.every(connection, live)
    found = _match(present, wanted)
    kept = {rule.id for rule in found if rule is not None}
    gone = [rule.id for rule in present if prune and rule.live is not None and rule.id not in kept]
    _require_names_once(present, found, wanted, gone)
    entries = {entry.id: entry for entry in live.rules if entry.id not in gone}
    made: list[tuple[WantedRule, PipelineRule]] = []
    for rule, one in zip(found, wanted, strict=True):
        if rule is None:
            saved = _entry(rules.new_id(), one, 1, names)
            made.append((one, saved))
        else:
            saved = await _change(connection, rule, one, names, by, now)
        entries[saved.id] = saved
    if gone:
        await connection.execute(
            update(rule_table).where(rule_table.c.id == bindparam("rule")).values(deleted=True, updated_at=now),
            [{"rule": rule_id} for rule_id in gone],
        )
    if made:
        await _make(connection, live.tenant, made, by, now)
    created = await rules.sequences(connection, live.tenant)
    pipeline = sorted(entries.values(), key=lambda entry: (entry.order, created[entry.id]))
    revision = await revisions.change(connection, live, rules=pipeline, modules=library, by=by, now=now)
    noted = _noted(present, gone, entries) + changes.of_modules(live.modules, library)
    await audit.add(connection, live.tenant, noted, by=by, now=now, revision=revision)
    return revision or live


def _noted(present: Sequence[Rule], gone: Collection[str], entries: Mapping[str, PipelineRule]) -> list[audit.Change]:
    before = {rule.id: rule.live or rule.saved for rule in present if rule.id in entries or rule.id in gone}
    noted = changes.of_rules(before.values(), entries.values())
    told = {change.what for change in noted}
    for rule in present:
        if rule.live is None and rule.id in entries and rule.id not in told:
            noted += changes.of_deployed(None, entries[rule.id])
    return noted


def _match(present: Sequence[Rule], wanted: Sequence[WantedRule]) -> list[Rule | None]:
    """For each wanted rule the one that is there, or None."""
    by_id = {rule.id: rule for rule in present}
    by_name = {rule.saved.name: rule for rule in present} | {rule.live.name: rule for rule in present if rule.live}
    found = []
    for one in wanted:
        if one.id is not None and one.id not in by_id:
            raise NotFound("rule", one.id)
        found.append(by_name.get(one.name) if one.id is None else by_id[one.id])
    for rule_id, times in Counter(rule.id for rule in found if rule is not None).items():
        if times > 1:
            raise Conflict("rule_repeated", f"the rule `{rule_id}` is given {times} times")
    return found


def _require_names_once(
    present: Sequence[Rule], found: Sequence[Rule | None], wanted: Sequence[WantedRule], gone: Sequence[str]
) -> None:
    given = {rule.id for rule in found if rule is not None}
    names = Counter(one.name for one in wanted)
    for rule in present:
        if rule.id not in given and rule.id not in gone:
            names.update({rule.saved.name} | ({rule.live.name} if rule.live else set()))
    for name, times in names.items():
        if times > 1:
            raise Conflict("name_taken", f"{times} rules would have the name `{name}`: choose another")


def _entry(id: str, one: WantedRule, version: int, modules: Collection[str]) -> PipelineRule:
    return PipelineRule(
        id=id,
        name=one.name,
        version=version,
        sha256=versions.digest(one.script),
        order=one.order,
        enabled=one.enabled,
        on_failure=one.on_failure,
        conditions=one.conditions,
        imports=mentioned(one.script, modules),
    )


async def _change(
    connection: AsyncConnection, rule: Rule, one: WantedRule, names: Collection[str], by: str, now: datetime
) -> PipelineRule:
    """What is live already as it is wanted stays untouched, and so does what somebody has saved on top of it."""
    before = rule.live or rule.saved
    saved = _entry(rule.id, one, before.version, names)
    if saved == rule.live:
        return saved
    if saved.sha256 != before.sha256:
        if saved.sha256 == rule.saved.sha256:
            saved = msgspec.structs.replace(saved, version=rule.saved.version)
        else:
            version = await versions.add_next(connection, rule.id, one.script, by, now)
            saved = msgspec.structs.replace(saved, version=version.number)
    await connection.execute(
        update(rule_table).where(rule_table.c.id == rule.id).values(updated_at=now, **rules.columns(saved))
    )
    return saved


async def _make(
    connection: AsyncConnection,
    tenant: str,
    made: Sequence[tuple[WantedRule, PipelineRule]],
    by: str,
    now: datetime,
) -> None:
    last = func.coalesce(func.max(rule_table.c.sequence), 0)
    first = 1 + (await connection.scalars(select(last).where(rule_table.c.tenant == tenant))).one()
    await connection.execute(
        insert(rule_table),
        [
            {
                "id": saved.id,
                "tenant": tenant,
                "sequence": sequence,
                "created_at": now,
                "updated_at": now,
                "deleted": False,
                **rules.columns(saved),
            }
            for sequence, (_, saved) in enumerate(made, first)
        ],
    )
    await connection.execute(
        insert(rule_versions),
        [
            {
                "rule_id": saved.id,
                "number": 1,
                "script": one.script,
                "sha256": saved.sha256,
                "created_at": now,
                "created_by": by,
            }
            for one, saved in made
        ],
    )
