"""The store: everything that outlives a process, on SQLite or PostgreSQL.

Every method is one transaction: all of it is stored, or nothing. Writers of one tenant take turns. Every
method may raise `Unavailable`; those that store text raise `Unstorable` for a NUL character or a lone
surrogate; those that name a tenant, rule, version, revision or execution raise `NotFound` where the tenant
has no such thing.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.models import (
    ALWAYS,
    JSON,
    Conditions,
    ModuleVersion,
    OnFailure,
    PipelineModule,
    Revision,
    Rule,
    RuleVersion,
    Tenant,
    TenantSettings,
)
from engine.store import (
    audit,
    cases,
    changes,
    configurations,
    copies,
    executions,
    hook_secrets,
    modules,
    pipeline,
    revisions,
    rules,
    shadows,
    tenants,
    versions,
)
from engine.store.audit import Which
from engine.store.cases import Guard as CasesGuard
from engine.store.cases import KeptCases
from engine.store.configurations import Change, SealedSet
from engine.store.content import Compare, Content, Put, Values
from engine.store.database import Database
from engine.store.errors import Conflict, ModulesMoved, NotFound
from engine.store.executions import ExecutionRow, Filter, Found
from engine.store.hook_secrets import Guard as SecretGuard
from engine.store.hook_secrets import SealedSecret, TenantSecrets
from engine.store.pipeline import WantedRule
from engine.store.rules import Guard, RuleChanges
from engine.store.shadows import Shadow
from engine.store.tables import key_check, record_key

Library = tuple[PipelineModule, ...]


class Store:
    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    async def open(cls, url: str) -> Store:
        """A store on a database with the newest tables; see `Database.open` for what can be wrong with the
        URL.
        """
        return cls(await Database.open(url))

    async def close(self) -> None:
        await self._database.close()

    async def key_check(self, value: bytes) -> bool:
        """Whether this is the value that the database was first asked about. Of replicas that ask a new
        database at once, one is first.
        """
        async with self._database.writing() as connection:
            # SQLAlchemy has ON CONFLICT only per dialect, but both write it the same.
            await connection.execute(insert(key_check).values(id=1, value=value).on_conflict_do_nothing())
            stored = (await connection.scalars(select(key_check.c.value))).one()
        return hmac.compare_digest(bytes(stored), value)

    async def replace_key_check(self, value: bytes, by: str) -> None:
        """From now on this is the value: the end of a secret's rotation."""
        async with self._database.writing() as connection:
            await connection.execute(update(key_check).values(value=value))
            await audit.add(connection, None, [audit.Change("secret.rotate")], by=by, now=_now())

    # Tenants

    async def create_tenant(self, id: str, by: str) -> Tenant:
        """The tenant, made with revision 1 (no rules, default settings) unless it exists already."""
        async with self._database.writing() as connection:
            return await tenants.create(connection, id, by, _now())

    async def tenants(self) -> list[Tenant]:
        """All tenants by id."""
        async with self._database.reading() as connection:
            return await tenants.every(connection)

    async def tenant(self, id: str) -> Tenant:
        async with self._database.reading() as connection:
            return await tenants.find(connection, id)

    async def delete_tenant(self, id: str, by: str) -> None:
        """Removes the tenant with its rules, versions, revisions and executions, for good; its entries in the audit log
        stay. A tenant made later with the same id begins at revision 1.
        """
        async with self._database.writing() as connection:
            await tenants.remove(connection, id, by, _now())

    async def change_settings(self, tenant: str, settings: TenantSettings, by: str) -> Revision:
        """The live revision with these settings: a new one, or the present one where it has them already."""
        async with self._database.writing() as connection:
            live = await tenants.lock(connection, tenant)
            now = _now()
            changed = await revisions.change(connection, live, settings=settings, by=by, now=now)
            noted = changes.of_settings(live.settings, settings)
            await audit.add(connection, tenant, noted, by=by, now=now, revision=changed)
            return changed or live

    # Revisions

    async def live_revision(self, tenant: str) -> Revision:
        async with self._database.reading() as connection:
            return await revisions.live(connection, tenant)

    async def revision(self, tenant: str, number: int) -> Revision:
        async with self._database.reading() as connection:
            return await revisions.find(connection, tenant, number)

    async def revisions(self, tenant: str, before: int | None, limit: int) -> list[Revision]:
        """Up to `limit` revisions, newest first, with numbers below `before` where it is given."""
        async with self._database.reading() as connection:
            await tenants.find(connection, tenant)
            return await revisions.page(connection, tenant, before, limit)

    async def live_stamps(self) -> dict[str, tuple[int, datetime]]:
        """The number and time of the live revision of every tenant, at the price of one small row each. The
        time tells the revisions of a tenant from those of an earlier one with its id.
        """
        async with self._database.reading() as connection:
            return await revisions.live_stamps(connection)

    async def activate(
        self, tenant: str, number: int, by: str, expected: int | None = None, *, message: str = ""
    ) -> Revision:
        """A new live revision that equals an old one and says so in `restores`. Rules deleted since exist
        again with their ids, saved as they are live; what authors have saved of other rules stays saved.

        Raises `Conflict` where `expected` is given and is not the live number.
        """
        async with self._database.writing() as connection:
            live = await tenants.lock(connection, tenant)
            require_live(live, expected)
            old = await revisions.find(connection, tenant, number)
            now = _now()
            await rules.bring_back(connection, old.rules, now)
            restored = await revisions.restore(connection, live, old, by=by, now=now)
            noted = changes.of_activation(live, restored)
            await audit.add(connection, tenant, noted, by=by, now=now, revision=restored)
            return await revisions.explain(connection, live, restored, message)

    # Rules

    async def rules(self, tenant: str) -> list[Rule]:
        """Rules that are not deleted, in the order they are saved to run."""
        async with self._database.reading() as connection:
            return await rules.every(connection, await revisions.live(connection, tenant))

    async def rule(self, tenant: str, id: str) -> Rule:
        async with self._database.reading() as connection:
            return await rules.find(connection, await revisions.live(connection, tenant), id)

    async def create_rule(
        self,
        tenant: str,
        *,
        name: str,
        script: str,
        order: int | None,
        enabled: bool,
        on_failure: OnFailure,
        conditions: Conditions = ALWAYS,
        deploy: bool,
        by: str,
        checked: Library | None = None,
        expected: int | None = None,
        message: str = "",
    ) -> tuple[Rule, Revision | None]:
        """A new rule with version 1, and the revision that makes it live if it is deployed, which then says `message`.
        Without an order it comes after all others. Raises `Conflict` where `expected` is not the live number,
        `ModulesMoved` where the script was `checked` with other modules than those that are live.
        """
        async with self._database.writing() as connection:
            live = await tenants.lock(connection, tenant)
            require_live(live, expected)
            _require_modules(live, checked)
            rule, revision = await rules.create(
                connection,
                live,
                name=name,
                script=script,
                order=order,
                enabled=enabled,
                on_failure=on_failure,
                conditions=conditions,
                deploy=deploy,
                by=by,
                now=_now(),
            )
            return rule, revision and await revisions.explain(connection, live, revision, message)

    async def update_rule(
        self,
        tenant: str,
        id: str,
        *,
        changes: RuleChanges,
        deploy: bool,
        by: str,
        guard: Guard | None = None,
        checked: Library | None = None,
        expected: int | None = None,
        message: str = "",
    ) -> tuple[Rule, Revision | None]:
        """The rule with the changes saved. A script other than the saved one becomes a new version.
        `deploy` makes all that is saved of the rule live, earlier saves included; no revision is made where
        nothing live changes. One that is made says `message`.

        `guard` sees the rule before anything changes, while no one else can change it; what it raises is
        raised. `checked`, and what else is raised, as in `create_rule`.
        """
        async with self._database.writing() as connection:
            live = await tenants.lock(connection, tenant)
            require_live(live, expected)
            _require_modules(live, checked)
            rule, revision = await rules.change(
                connection, live, id, wanted=changes, deploy=deploy, by=by, guard=guard, now=_now()
            )
            return rule, revision and await revisions.explain(connection, live, revision, message)

    async def delete_rule(self, tenant: str, id: str, by: str, guard: Guard | None = None) -> Revision | None:
        """Takes the rule out of the pipeline; its versions stay readable, its cases go. `guard` as in `update_rule`."""
        async with self._database.writing() as connection:
            live = await tenants.lock(connection, tenant)
            revision = await rules.delete(connection, live, id, by=by, guard=guard, now=_now())
            await cases.remove_of_deleted(connection, tenant)
            return revision

    async def cases(self, tenant: str, rule: str) -> KeptCases | None:
        """The cases beside a rule; None where there are none."""
        async with self._database.reading() as connection:
            return await cases.find(connection, await revisions.live(connection, tenant), rule)

    async def put_cases(
        self, tenant: str, rule: str, text: str, count: int, *, by: str, guard: CasesGuard | None = None
    ) -> None:
        """Beside the rule stands this text of a case file from now on, with `count` cases; with none nothing does.
        `guard` sees those before, as in `update_rule`."""
        async with self._database.writing() as connection:
            live = await tenants.lock(connection, tenant)
            await cases.put(connection, live, rule, text, count, by=by, guard=guard, now=_now())

    async def set_order(
        self, tenant: str, ids: Sequence[str], by: str, *, expected: int | None = None, message: str = ""
    ) -> Revision:
        """The live revision after all rules, saved and live, run in this order, numbered from 1. Rules that
        were not live stay so. Raises `OrderIncomplete` unless every rule is named once, `Conflict` where `expected` is
        not the live number.
        """
        async with self._database.writing() as connection:
            live = await tenants.lock(connection, tenant)
            require_live(live, expected)
            revision = await rules.set_order(connection, live, ids, by=by, now=_now())
            return await revisions.explain(connection, live, revision, message)

    async def put_rules(
        self,
        tenant: str,
        wanted: Sequence[WantedRule],
        modules: Mapping[str, str] | None = None,
        *,
        expected: int,
        prune: bool,
        by: str,
        message: str = "",
    ) -> Revision:
        """The live revision after all these rules, and modules (scripts by name; None leaves them alone), are live as
        they are given: one new one, or the present one where they are already. With `prune` live ones that are not
        given are taken out; what was never live stays as it is.

        Raises `Conflict` where `expected` is not the live number, a rule is given twice, or a name would be.
        """
        async with self._database.writing() as connection:
            live = await tenants.lock(connection, tenant)
            require_live(live, expected)
            revision = await pipeline.put(connection, live, wanted, modules, prune=prune, by=by, now=_now())
            await cases.remove_of_deleted(connection, tenant)
            return await revisions.explain(connection, live, revision, message)

    async def versions(self, tenant: str, rule_id: str) -> list[RuleVersion]:
        """All versions of a rule, newest first, also after the rule is deleted."""
        async with self._database.reading() as connection:
            return await versions.every(connection, tenant, rule_id)

    async def version(self, tenant: str, rule_id: str, number: int) -> RuleVersion:
        """One version of a rule, also after the rule is deleted."""
        async with self._database.reading() as connection:
            return await versions.find(connection, tenant, rule_id, number)

    async def scripts(self, sha256s: Collection[str]) -> dict[str, str]:
        """Scripts by their SHA-256, of any tenant; those never stored are absent."""
        async with self._database.reading() as connection:
            return await versions.scripts(connection, sha256s)

    # Modules

    async def put_module(
        self, tenant: str, name: str, script: str, *, expected: int, by: str, message: str = ""
    ) -> Revision:
        """The live revision with this module: a new one, or the present one where it has it already.

        Raises `Conflict` where `expected` is not the live number.
        """
        async with self._database.writing() as connection:
            live = await tenants.lock(connection, tenant)
            require_live(live, expected)
            now = _now()
            library = await modules.changed(connection, live, {name: script}, (), by, now)
            revision = await _with_modules(connection, live, library, by, now)
            return await revisions.explain(connection, live, revision, message)

    async def delete_module(self, tenant: str, name: str, *, expected: int, by: str) -> Revision:
        """The live revision without this module; its versions stay readable. Raises `Conflict` as above."""
        async with self._database.writing() as connection:
            live = await tenants.lock(connection, tenant)
            require_live(live, expected)
            left = [module for module in live.modules if module.name != name]
            if len(left) == len(live.modules):
                raise NotFound("module", name)
            return await _with_modules(connection, live, left, by, _now())

    async def module_versions(self, tenant: str, name: str) -> list[ModuleVersion]:
        """All versions of a module, newest first, also after it is deleted."""
        async with self._database.reading() as connection:
            return await modules.every_version(connection, tenant, name)

    async def module_version(self, tenant: str, name: str, number: int) -> ModuleVersion:
        async with self._database.reading() as connection:
            return await modules.find(connection, tenant, name, number)

    # Executions

    async def add_executions(self, rows: Sequence[ExecutionRow]) -> None:
        """Stores the records, leaving out ids that are stored already (so a batch can be sent again) and
        tenants that do not exist any more.
        """
        async with self._database.writing() as connection:
            await executions.add(connection, rows)

    async def execution(self, tenant: str, id: str) -> bytes:
        """The record as it was given to `add_executions`."""
        async with self._database.reading() as connection:
            return await executions.find(connection, tenant, id)

    async def executions(self, tenant: str, which: Filter, limit: int) -> list[Found]:
        """Up to `limit` records, newest first; none of a tenant that does not exist."""
        async with self._database.reading() as connection:
            return await executions.page(connection, tenant, which, limit)

    async def oldest_executions(self, tenant: str, which: Filter, limit: int) -> list[Found]:
        """Up to `limit` records, oldest first; `which` has no marks."""
        async with self._database.reading() as connection:
            return await executions.oldest(connection, tenant, which, limit)

    async def count_executions(self, tenant: str, which: Filter) -> int:
        """How many there are. Takes a time that grows with their number."""
        async with self._database.reading() as connection:
            return await executions.count(connection, tenant, which)

    async def erase_executions(self, tenant: str, user_digest: bytes, *, waiting: int = 0, by: str) -> int:
        """Removes a person's records, for good; answers how many there were, with those that were `waiting` to be
        stored."""
        async with self._database.writing() as connection:
            await tenants.find(connection, tenant)
            count = waiting + await executions.erase(connection, tenant, user_digest)
            # Also where there were none: that somebody has asked for it is what has to be shown.
            erased = audit.Change("records.erase", None, {"records": count}, {"records": 0})
            await audit.add(connection, tenant, [erased], by=by, now=_now())
            return count

    async def remove_executions(self, tenant: str, last: str, most: int) -> int:
        """Removes up to `most` of the records up to the id `last`, the oldest first; answers how many. Few at a time:
        on SQLite nobody else writes meanwhile."""
        async with self._database.writing() as connection:
            return await executions.remove_through(connection, tenant, last, most)

    async def execution_beyond(self, tenant: str, keep: int) -> str | None:
        """The id of the newest record beyond the newest `keep`; None where there are no more."""
        async with self._database.reading() as connection:
            return await executions.beyond(connection, tenant, keep)

    async def remove_unused_marks(self, tenant: str) -> None:
        """Forgets what only removed records were found by."""
        async with self._database.writing() as connection:
            await executions.remove_unused_marks(connection, tenant)

    # Shadows

    async def start_shadow(self, shadow: Shadow) -> None:
        """The tenant's shadow from now on; another that it had is forgotten."""
        async with self._database.writing() as connection:
            await tenants.find(connection, shadow.tenant)
            await shadows.start(connection, shadow)
            noted = changes.of_trial(shadow.revision)
            await audit.add(connection, shadow.tenant, noted, by=shadow.started_by, now=_now())

    async def shadow(self, tenant: str) -> Shadow:
        async with self._database.reading() as connection:
            return await shadows.find(connection, tenant)

    async def shadows(self) -> list[str]:
        """The tenants that have one."""
        async with self._database.reading() as connection:
            return await shadows.every(connection)

    async def take_shadow(self, tenant: str, by: str, seconds: float) -> Shadow | None:
        """The tenant's shadow, which nobody else takes for so long; None while somebody else has it."""
        now = _now()
        async with self._database.writing() as connection:
            return await shadows.take(connection, tenant, by, now, now + timedelta(seconds=seconds))

    async def advance_shadow(self, shadow: Shadow, by: str) -> bool:
        """Keeps how far `shadow` has come; False where it is not `by`'s any more, or was ended."""
        async with self._database.writing() as connection:
            return await shadows.advance(connection, shadow, by)

    async def release_shadows(self, by: str) -> None:
        """Whoever comes next takes what `by` has."""
        async with self._database.writing() as connection:
            await shadows.release(connection, by)

    async def end_shadow(self, tenant: str, by: str) -> None:
        """There is none from now on, whether there was one or not."""
        async with self._database.writing() as connection:
            await tenants.find(connection, tenant)
            await shadows.end(connection, tenant, by, _now())

    async def saved_revision(self, tenant: str, by: str) -> Revision:
        """What would be live if everything that is saved went live; a draft, stored nowhere, with the number 0."""
        async with self._database.reading() as connection:
            live = await revisions.live(connection, tenant)
            saved = tuple(rule.saved for rule in await rules.every(connection, live))
            return msgspec.structs.replace(
                live, number=0, rules=saved, created_by=by, created_at=_now(), restores=None, message=""
            )

    # Configuration

    async def configuration(self, tenant: str) -> SealedSet | None:
        """The live set; None where nothing was ever set."""
        async with self._database.reading() as connection:
            return await configurations.live(connection, tenant)

    async def remove_replaced_configurations(self, tenant: str, before: datetime) -> int:
        """Removes the sets that another had replaced before this moment, for good; answers how many there were."""
        async with self._database.writing() as connection:
            return await configurations.remove_replaced(connection, tenant, before)

    async def numbered_configuration(self, tenant: str, number: int) -> SealedSet:
        async with self._database.reading() as connection:
            return await configurations.find(connection, tenant, number)

    async def change_configuration(self, tenant: str, change: Change, by: str) -> SealedSet:
        """The next set, of which nobody else makes another. What `change` raises ends it, and nothing is stored."""
        async with self._database.writing() as connection:
            await tenants.lock(connection, tenant)
            return await configurations.change(connection, tenant, change, by, _now())

    async def configuration_stamps(self) -> dict[str, tuple[int, datetime]]:
        """The number and time of every tenant's live set."""
        async with self._database.reading() as connection:
            return await configurations.stamps(connection)

    async def every_configuration(self) -> list[SealedSet]:
        """Every set of every tenant, for the rotation of the secret."""
        async with self._database.reading() as connection:
            return await configurations.every(connection)

    async def seal_configuration_again(self, one: SealedSet) -> None:
        async with self._database.writing() as connection:
            await configurations.seal_again(connection, one)

    # Secrets of issuers' hooks

    async def hook_secrets(self, tenants: Sequence[str]) -> dict[str, TenantSecrets]:
        """The secrets of these tenants; one that does not exist is absent."""
        async with self._database.reading() as connection:
            return await hook_secrets.of_tenants(connection, tenants)

    async def put_hook_secret(self, one: SealedSecret, guard: SecretGuard) -> TenantSecrets:
        """The tenant's secrets with this one, in the place of the one of its id. `guard` sees those before, while
        nobody else puts any; what it raises is raised, and nothing is stored."""
        async with self._database.writing() as connection:
            await tenants.lock(connection, one.tenant)
            return await hook_secrets.put(connection, one, guard, one.set_by, _now())

    async def delete_hook_secret(self, tenant: str, issuer: str, id: str, by: str) -> TenantSecrets:
        """The tenant's secrets without this one."""
        async with self._database.writing() as connection:
            await tenants.lock(connection, tenant)
            return await hook_secrets.remove(connection, tenant, issuer, id, by, _now())

    async def hook_secret_stamps(self) -> dict[str, str]:
        """The stamp of every tenant that ever had a secret; it is another after each change of one."""
        async with self._database.reading() as connection:
            return await hook_secrets.stamps(connection)

    async def every_hook_secret(self) -> list[SealedSecret]:
        """Every secret of every tenant, for the rotation of the service's own."""
        async with self._database.reading() as connection:
            return await hook_secrets.every(connection)

    async def seal_hook_secret_again(self, one: SealedSecret, sealed: bytes) -> None:
        """The same secret, sealed anew; nothing where another was put meanwhile."""
        async with self._database.writing() as connection:
            await hook_secrets.seal_again(connection, one, sealed)

    # Tenants as a whole

    async def copy(self, tenant: str) -> Content:
        """All of a tenant but its records and its audit log."""
        async with self._database.reading() as connection:
            return await copies.read(connection, tenant)

    async def put_copy(
        self, content: Content, values: Values | None, compare: Compare, *, dry_run: bool, by: str
    ) -> Put:
        """The tenant as it was copied: with its history where there is none, or nobody has used it; else as the next
        revision, unless it is the same already. `compare` says by what it is not; what it raises is raised, and nothing
        is stored. With `dry_run` all of this is done, and taken back.

        Raises `Conflict` for rules that are another tenant's.
        """
        try:
            async with self._database.writing() as connection:
                done = await copies.put(connection, content, values, compare, by=by, now=_now())
                if dry_run:
                    raise _TakenBack(done)
                return done
        except _TakenBack as taken:
            return taken.done

    async def note_export(self, tenant: str, what: JSON, by: str) -> None:
        """That somebody was given secret values, encrypted."""
        async with self._database.writing() as connection:
            change = audit.Change("tenant.export", tenant, None, what)
            await audit.add(connection, tenant, [change], by=by, now=_now())

    # The audit log

    async def audit(self, which: Which, limit: int) -> list[audit.AuditEntry]:
        """Up to `limit` entries, newest first."""
        async with self._database.reading() as connection:
            return await audit.page(connection, which, limit)

    async def remove_audit(self, last: str, most: int) -> int:
        """Removes up to `most` entries up to the id `last`, the oldest first; answers how many."""
        async with self._database.writing() as connection:
            return await audit.remove_through(connection, last, most)

    # Keys

    async def record_key(self, wrapped: bytes) -> bytes:
        """The wrapped key of the records: this one, where the database has none yet."""
        async with self._database.writing() as connection:
            await connection.execute(insert(record_key).values(id=1, wrapped=wrapped).on_conflict_do_nothing())
            return bytes((await connection.scalars(select(record_key.c.wrapped))).one())

    async def replace_record_key(self, wrapped: bytes) -> None:
        """The same key, wrapped anew."""
        async with self._database.writing() as connection:
            await connection.execute(update(record_key).values(wrapped=wrapped))


class _TakenBack(Exception):
    """Ends a transaction of which nothing is to stay."""

    def __init__(self, done: Put) -> None:
        self.done = done


async def _with_modules(
    connection: AsyncConnection, live: Revision, library: Iterable[PipelineModule], by: str, now: datetime
) -> Revision:
    revision = await revisions.change(connection, live, modules=library, by=by, now=now)
    noted = [] if revision is None else changes.of_modules(live.modules, revision.modules)
    await audit.add(connection, live.tenant, noted, by=by, now=now, revision=revision)
    return revision or live


def require_live(live: Revision, expected: int | None) -> None:
    """Raises `Conflict` where another revision than the expected one is live."""
    if expected is not None and expected != live.number:
        raise Conflict("revision_race", f"revision `{live.number}` is live, not `{expected}`")


def _require_modules(live: Revision, checked: Library | None) -> None:
    if checked is not None and checked != live.modules:
        raise ModulesMoved


def _now() -> datetime:
    return datetime.now(UTC)
