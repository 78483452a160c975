"""A tenant that is in use becomes what another was at last, or itself at an earlier time: by its next revision."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.models import PipelineRule, Revision, Rule, RuleVersion
from engine.store import audit, cases, changes, configurations, hook_secrets, modules, revisions, rules
from engine.store.configurations import Entry, SealedSet
from engine.store.content import Content, Deviation, State, Values
from engine.store.tables import rule_versions
from engine.store.tables import rules as rule_table

Entries = Mapping[PipelineRule, PipelineRule]  # for each of the content, live or saved, the one that it is here


async def replace(connection: AsyncConnection, state: State, content: Content, by: str, now: datetime) -> Revision:
    """The live revision after rules, modules and settings are those of `content`: a new one, or the present one where
    they are already. Rules are found by their ids, then by their names; those that are not in `content` are taken out.
    Which of those with the same `order` is first is told anew."""
    tenant = content.tenant.id
    rows = await connection.execute(select(rule_table.c.id).where(rule_table.c.tenant == tenant))
    there = {row.id for row in rows}
    ids = _matched(content, state, there)
    entries, new = await _entries(connection, content, ids, by, now)
    live = {ids[rule.id]: entries[rule] for rule in content.live.rules}
    saved = {ids[rule.saved.id]: entries[rule.saved] for rule in content.rules if not rule.deleted}
    await _write_rules(connection, state, saved, there, now)
    if new:
        await connection.execute(insert(rule_versions), [msgspec.structs.asdict(version) for version in new])
    kept = {ids[one.rule_id]: one for one in content.cases}
    noted_cases = await cases.replace(connection, state.cases, kept, saved, by, now)
    await cases.remove_of_deleted(connection, tenant)
    scripts = {(module.name, module.number): module.script for module in content.modules}
    wanted = {module.name: scripts[module.name, module.version] for module in content.live.modules}
    others = {module.name for module in state.live.modules} - wanted.keys()
    library = await modules.changed(connection, state.live, wanted, others, by, now)
    settings = content.live.settings
    revision = await revisions.change(
        connection, state.live, rules=live.values(), settings=settings, modules=library, by=by, now=now
    )
    noted = [
        *_noted(state.rules, live, saved),
        *noted_cases,
        *changes.of_modules(state.live.modules, library),
        *changes.of_settings(state.live.settings, settings),
    ]
    await audit.add(connection, tenant, noted, by=by, now=now, revision=revision)
    return revision or state.live


async def replace_values(
    connection: AsyncConnection,
    content: Content,
    values: Values,
    differences: Collection[Deviation],
    by: str,
    now: datetime,
) -> None:
    """Those that are not the same; the others keep who has set them, and when."""
    tenant = content.tenant.id
    keys = {one.name for one in differences if one.kind == "configuration"}
    if keys:
        given = () if content.configuration is None else content.configuration.entries

        def change(before: SealedSet | None, number: int, now: datetime) -> tuple[tuple[Entry, ...], bytes]:
            kept = {} if before is None else {entry.key: entry for entry in before.entries if entry.key not in keys}
            return tuple(kept.get(entry.key, entry) for entry in given), values.configuration(number)

        await configurations.change(connection, tenant, change, by, now)
    secrets = {f"{one.issuer}/{one.id}": one for one in values.hook_secrets}
    for one in differences:
        if one.kind == "hook_secret" and one.how == "more":
            issuer, _, secret = one.name.partition("/")
            await hook_secrets.remove(connection, tenant, issuer, secret, by, now)
        elif one.kind == "hook_secret":
            await hook_secrets.put(connection, secrets[one.name], lambda before: None, by, now)


def _matched(content: Content, state: State, there: Collection[str]) -> dict[str, str]:
    """For the id of each rule of the content the id that it has here."""
    named = {name: rule.id for rule in state.rules for name in _names(rule.saved, rule.live)}
    live = {rule.id: rule for rule in content.live.rules}
    kept = [rule.saved for rule in content.rules if not rule.deleted]
    ids = {rule.id: rule.id for rule in kept if rule.id in there}
    taken = {*ids}
    for rule in kept:
        if rule.id not in ids:
            found = (named.get(name) for name in _names(rule, live.get(rule.id)))
            ids[rule.id] = next((here for here in found if here is not None and here not in taken), rule.id)
            taken.add(ids[rule.id])
    return ids


def _names(saved: PipelineRule, live: PipelineRule | None) -> tuple[str, ...]:
    return (saved.name,) if live is None else (live.name, saved.name)


async def _entries(
    connection: AsyncConnection, content: Content, ids: Mapping[str, str], by: str, now: datetime
) -> tuple[Entries, list[RuleVersion]]:
    """With the ids and versions that they have here; a script that its rule never had is a new version."""
    query = (
        select(rule_versions.c.rule_id, rule_versions.c.sha256, rule_versions.c.number)
        .join(rule_table, rule_table.c.id == rule_versions.c.rule_id)
        .where(rule_table.c.tenant == content.tenant.id)
        .order_by(rule_versions.c.number)
    )
    numbers: dict[tuple[str, str], int] = {}
    newest: dict[str, int] = {}
    for row in await connection.execute(query):
        numbers[row.rule_id, row.sha256] = newest[row.rule_id] = row.number
    scripts = {(version.rule_id, version.number): version.script for version in content.versions}
    entries: dict[PipelineRule, PipelineRule] = {}
    new: list[RuleVersion] = []
    for rule in (*content.live.rules, *(kept.saved for kept in content.rules if not kept.deleted)):
        here = ids[rule.id]
        if (here, rule.sha256) not in numbers:
            numbers[here, rule.sha256] = newest[here] = newest.get(here, 0) + 1
            version = RuleVersion(
                rule_id=here,
                number=newest[here],
                script=scripts[rule.id, rule.version],
                sha256=rule.sha256,
                created_at=now,
                created_by=by,
            )
            new.append(version)
        entries[rule] = msgspec.structs.replace(rule, id=here, version=numbers[here, rule.sha256])
    return entries, new


async def _write_rules(
    connection: AsyncConnection, state: State, saved: Mapping[str, PipelineRule], there: Collection[str], now: datetime
) -> None:
    tenant = state.live.tenant
    last = select(func.coalesce(func.max(rule_table.c.sequence), 0)).where(rule_table.c.tenant == tenant)
    first = (await connection.scalars(last)).one() + 1
    before = {rule.id: rule.saved for rule in state.rules}
    for sequence, (rule, entry) in enumerate(saved.items(), first):
        values = {"sequence": sequence, "deleted": False, **rules.columns(entry)}
        if before.get(rule) != entry:
            values["updated_at"] = now
        if rule in there:
            await connection.execute(update(rule_table).where(rule_table.c.id == rule).values(**values))
        else:
            await connection.execute(insert(rule_table).values(id=rule, tenant=tenant, created_at=now, **values))
    if gone := [{"rule": rule} for rule in before if rule not in saved]:
        taken_out = update(rule_table).where(rule_table.c.id == bindparam("rule"))
        await connection.execute(taken_out.values(deleted=True, updated_at=now), gone)


def _noted(
    before: Sequence[Rule], live: Mapping[str, PipelineRule], saved: Mapping[str, PipelineRule]
) -> list[audit.Change]:
    """By what is live; of a rule of which that is the same, by what is saved."""
    was = {rule.id: rule.live or rule.saved for rule in before}
    noted = changes.of_rules(was.values(), {**saved, **live}.values())
    told = {change.what for change in noted}
    for rule in before:
        if rule.id in saved and rule.id not in told:
            went_live = rule.live is None and rule.id in live
            noted += changes.of_deployed(None, live[rule.id]) if went_live else []
            noted += changes.of_rules([rule.saved], [saved[rule.id]])
    return noted
