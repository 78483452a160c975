"""A tenant as a whole: read with its history, and put back.

Into a tenant that nobody has used it is put as it was, history included. Elsewhere what it was at last becomes the next
revision (`engine.store.replacing`): what executions name must stay what it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec
from sqlalchemy import Table, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.models import ModuleVersion, Revision, RuleVersion
from engine.store import audit, cases, configurations, hook_secrets, replacing, revisions, rules, shadows, tenants
from engine.store.audit import Change
from engine.store.content import Compare, Content, KeptRule, Put, State, Values
from engine.store.deltas import Delta, applied, delta
from engine.store.errors import Conflict, NotFound
from engine.store.tables import executions, module_versions, rule_cases, rule_versions
from engine.store.tables import revisions as revision_table
from engine.store.tables import rules as rule_table
from engine.store.tables import shadows as shadow_table
from engine.store.tables import tenants as tenant_table

AT_ONCE = 20  # revisions: each may have thousands of rules, and logins wait for what is done with a page of them
IDS = 1_000  # values of one query


async def read(connection: AsyncConnection, tenant: str) -> Content:
    found = await tenants.find(connection, tenant)
    history, live = await _history(connection, tenant)
    secrets = (await hook_secrets.of_tenants(connection, [tenant]))[tenant].secrets
    try:
        shadow = await shadows.find(connection, tenant)
    except NotFound:
        shadow = None
    return Content(
        tenant=found,
        rules=await _rules(connection, tenant),
        versions=await _versions(connection, tenant),
        cases=await cases.every(connection, tenant),
        modules=await _modules(connection, tenant),
        revisions=history,
        live=live,
        configuration=await configurations.live(connection, tenant),
        hook_secrets=tuple(sorted(secrets, key=lambda one: (one.set_at, one.issuer, one.id))),
        shadow=shadow,
    )


async def put(
    connection: AsyncConnection, content: Content, values: Values | None, compare: Compare, *, by: str, now: datetime
) -> Put:
    """Without `values` what is known by name only is left as it is."""
    tenant = content.tenant.id
    try:
        live = await tenants.lock(connection, tenant)
    except NotFound:
        await connection.execute(insert(tenant_table).values(id=tenant, created_at=now, live=0))
        live = None
    if live is None or await _untouched(connection, live):
        if live is not None and await read(connection, tenant) == content:
            return Put(outcome="unchanged", live=live)
        made = await _restore(connection, content, values, now)
        await _note(connection, content, values, "made", made, by, now)
        return Put(outcome="made", live=made)
    state = await _state(connection, live)
    differences = compare(state)
    if not differences:
        return Put(outcome="unchanged", live=live)
    await _require_ids_free(connection, content)
    replaced = await replacing.replace(connection, state, content, by, now)
    if values is not None:
        await replacing.replace_values(connection, content, values, differences, by, now)
    await _note(connection, content, values, "replaced", replaced, by, now)
    return Put(outcome="replaced", live=replaced, differences=differences)


# Reading


async def _history(connection: AsyncConnection, tenant: str) -> tuple[tuple[Delta, ...], Revision]:
    found: list[Delta] = []
    before: Revision | None = None
    while page := await revisions.following(connection, tenant, before.number if before else 0, AT_ONCE):
        for revision in page:
            found.append(delta(before, revision))
            before = revision
    assert before is not None
    return tuple(found), before


async def _rules(connection: AsyncConnection, tenant: str) -> tuple[KeptRule, ...]:
    query = rules.of_tenant(tenant).order_by(rule_table.c.sequence)
    return tuple(
        KeptRule(
            saved=rules.saved_entry(row), created_at=row.created_at, updated_at=row.updated_at, deleted=row.deleted
        )
        for row in await connection.execute(query)
    )


async def _versions(connection: AsyncConnection, tenant: str) -> tuple[RuleVersion, ...]:
    query = (
        select(rule_versions)
        .join(rule_table, rule_table.c.id == rule_versions.c.rule_id)
        .where(rule_table.c.tenant == tenant)
        .order_by(rule_table.c.sequence, rule_versions.c.number)
    )
    return tuple(RuleVersion(**row) for row in (await connection.execute(query)).mappings())


async def _modules(connection: AsyncConnection, tenant: str) -> tuple[ModuleVersion, ...]:
    columns = [column for column in module_versions.c if column.name != "tenant"]
    query = select(*columns).where(module_versions.c.tenant == tenant)
    found = [ModuleVersion(**row) for row in (await connection.execute(query)).mappings()]
    # Here, since databases do not agree in which order texts are.
    return tuple(sorted(found, key=lambda one: (one.name, one.number)))


async def _state(connection: AsyncConnection, live: Revision) -> State:
    return State(
        rules=await rules.every(connection, live),
        cases=await cases.every(connection, live.tenant),
        live=live,
        configuration=await configurations.live(connection, live.tenant),
        hook_secrets=(await hook_secrets.of_tenants(connection, [live.tenant]))[live.tenant].secrets,
    )


# Putting back as it was


async def _untouched(connection: AsyncConnection, live: Revision) -> bool:
    """Whether the tenant has never been more than there, and no execution names a revision of it."""
    if live.number > 1 or await configurations.live(connection, live.tenant) is not None:
        return False
    for table in (rule_table, module_versions, shadow_table, executions):
        query = select(table.c.tenant).where(table.c.tenant == live.tenant).limit(1)
        if await connection.scalar(query) is not None:
            return False
    return (await hook_secrets.of_tenants(connection, [live.tenant]))[live.tenant].stamp is None


async def _restore(connection: AsyncConnection, content: Content, values: Values | None, now: datetime) -> Revision:
    tenant = content.tenant.id
    await _require_ids_free(connection, content)
    await connection.execute(delete(revision_table).where(revision_table.c.tenant == tenant))
    here = update(tenant_table).where(tenant_table.c.id == tenant)
    await connection.execute(here.values(created_at=content.tenant.created_at, live=content.live.number))
    await _insert(
        connection,
        rule_table,
        (
            {
                "id": rule.saved.id,
                "tenant": tenant,
                "sequence": sequence,
                "created_at": rule.created_at,
                "updated_at": rule.updated_at,
                "deleted": rule.deleted,
                **rules.columns(rule.saved),
            }
            for sequence, rule in enumerate(content.rules, 1)
        ),
    )
    await _insert(connection, rule_versions, map(msgspec.structs.asdict, content.versions))
    await _insert(connection, rule_cases, map(msgspec.structs.asdict, content.cases))
    await _insert(
        connection, module_versions, ({"tenant": tenant, **msgspec.structs.asdict(one)} for one in content.modules)
    )
    await _insert(connection, revision_table, _revision_rows(content))
    if values is not None:
        if content.configuration is not None:
            sealed = values.configuration(content.configuration.number)
            await configurations.add(connection, msgspec.structs.replace(content.configuration, sealed=sealed))
        await hook_secrets.add(connection, tenant, values.hook_secrets)
    if content.shadow is not None:
        await shadows.start(connection, content.shadow)
    return content.live


async def _require_ids_free(connection: AsyncConnection, content: Content) -> None:
    ids = [rule.saved.id for rule in content.rules]
    for first in range(0, len(ids), IDS):
        query = select(rule_table.c.id).where(rule_table.c.id.in_(ids[first : first + IDS]))
        found = await connection.scalar(query.where(rule_table.c.tenant != content.tenant.id).limit(1))
        if found is not None:
            raise Conflict("id_taken", f"the rule `{found}` is another tenant's: an export belongs to one tenant")


def _revision_rows(content: Content) -> Iterable[dict[str, object]]:
    before: Revision | None = None
    for one in content.revisions:
        before = applied(before, one, content.tenant.id)
        yield revisions.row(before)


async def _insert(connection: AsyncConnection, table: Table, rows: Iterable[Mapping[str, object]]) -> None:
    """A little at a time: a history may be long."""
    batch: list[Mapping[str, object]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == AT_ONCE:
            await connection.execute(insert(table), batch)
            batch = []
    if batch:
        await connection.execute(insert(table), batch)


async def _note(
    connection: AsyncConnection,
    content: Content,
    values: Values | None,
    outcome: str,
    revision: Revision,
    by: str,
    now: datetime,
) -> None:
    held = {
        "outcome": outcome,
        "revisions": content.live.number,
        "rules": len(content.live.rules),
        "modules": len(content.live.modules),
        "values": values is not None,
    }
    change = Change("tenant.import", content.tenant.id, None, held)
    await audit.add(connection, content.tenant.id, [change], by=by, now=now, revision=revision)
