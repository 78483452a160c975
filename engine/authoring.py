"""Writing rules: every change is checked first, stored whole, and live here before its answer.

A script that does not compile is never stored.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from msgspec import UNSET

from engine.library import Sources
from engine.live import Live
from engine.models import ALWAYS, Conditions, OnFailure, Revision, Rule, Tenant, TenantSettings
from engine.store.content import Compare, Content, Put, Values
from engine.store.errors import Conflict, ModulesMoved
from engine.store.pipeline import WantedRule
from engine.store.rules import Guard, RuleChanges
from engine.store.store import Library, Store, require_live
from engine.validity import Validity

MOST_CHECKS = 5  # of one script, while modules change
Save = Callable[[Library | None], Awaitable[tuple[Rule, Revision | None]]]


class Authoring:
    def __init__(self, store: Store, live: Live, validity: Validity) -> None:
        self._store = store
        self._live = live
        self._validity = validity
        # From looking at the names to storing one, nobody else stores a name. (In this process.)
        self._naming = asyncio.Lock()

    async def create(
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
        expected: int | None = None,
        message: str = "",
    ) -> tuple[Rule, Revision | None]:
        """A new rule, and the revision it made when it went live. Raises `InvalidScript`, `Conflict`: also where
        `expected` is not the live revision, here and below."""
        await self._require_free(tenant, name)

        async def save(checked: Library | None) -> tuple[Rule, Revision | None]:
            async with self._naming:
                await self._require_free(tenant, name)
                return await self._store.create_rule(
                    tenant,
                    name=name,
                    script=script,
                    order=order,
                    enabled=enabled,
                    on_failure=on_failure,
                    conditions=conditions,
                    deploy=deploy,
                    by=by,
                    checked=checked,
                    expected=expected,
                    message=message,
                )

        return await self._checked(tenant, script, save)

    async def change(
        self,
        tenant: str,
        id: str,
        changes: RuleChanges,
        *,
        deploy: bool,
        by: str,
        guard: Guard | None,
        expected: int | None = None,
        message: str = "",
    ) -> tuple[Rule, Revision | None]:
        """Save changes of a rule; with `deploy` its whole saved state goes live."""
        saved = (await self._store.rule(tenant, id)).saved  # a rule that is not there is said first
        script = None if changes.script is UNSET else changes.script
        if script is None and deploy and saved.imports:  # its modules may have changed since it was saved
            script = (await self._store.scripts([saved.sha256]))[saved.sha256]

        async def save(checked: Library | None) -> tuple[Rule, Revision | None]:
            async with self._naming:
                if changes.name is not UNSET:
                    await self._require_free(tenant, changes.name, besides=id)
                return await self._store.update_rule(
                    tenant,
                    id,
                    changes=changes,
                    deploy=deploy,
                    by=by,
                    guard=guard,
                    checked=checked,
                    expected=expected,
                    message=message,
                )

        return await self._checked(tenant, script, save)

    async def _checked(self, tenant: str, script: str | None, save: Save) -> tuple[Rule, Revision | None]:
        """Saves what compiles with the modules that are live at that moment; None is saved as it is."""
        for _ in range(MOST_CHECKS):
            checked = None
            if script is not None:
                live = await self._store.live_revision(tenant)
                await self._validity.require(script, await self._validity.sources(live))
                checked = live.modules
            try:
                rule, revision = await save(checked)
            except ModulesMoved:
                continue
            self._went_live(revision)
            return rule, revision
        raise Conflict("revision_race", "modules go live faster than the rule can be checked with them: try again")

    async def delete(self, tenant: str, id: str, *, by: str, guard: Guard | None) -> Revision | None:
        revision = await self._store.delete_rule(tenant, id, by, guard)
        self._went_live(revision)
        return revision

    async def set_order(
        self, tenant: str, ids: Sequence[str], *, by: str, expected: int | None = None, message: str = ""
    ) -> Revision:
        revision = await self._store.set_order(tenant, ids, by, expected=expected, message=message)
        self._went_live(revision)
        return revision

    async def put_rules(
        self,
        tenant: str,
        wanted: Sequence[WantedRule],
        modules: Sources | None = None,
        *,
        expected: int,
        prune: bool,
        by: str,
        message: str = "",
    ) -> Revision:
        """All these rules, and modules, live with one revision, or nothing of it; see `Store.put_rules`. Raises
        `InvalidScripts`, `TooManyModules`."""
        live = await self._store.live_revision(tenant)
        require_live(live, expected)  # what is checked against another one must not become that one's next
        sources = await self._validity.sources(live)
        if modules is not None:
            sources = {**({} if prune else sources), **modules}
        scripts = {rule.name: rule.script for rule in wanted}
        gone = {rule.name for rule in live.rules} if prune else ()
        await self._validity.require_together(live, scripts, sources, besides=gone)
        async with self._naming:
            revision = await self._store.put_rules(
                tenant, wanted, modules, expected=expected, prune=prune, by=by, message=message
            )
        self._went_live(revision)
        return revision

    async def put_module(
        self, tenant: str, name: str, script: str, *, by: str, expected: int | None = None, message: str = ""
    ) -> Revision:
        """The module live, for all rules that import it. Raises `InvalidScripts` where they, or it, do not compile with
        it, and `TooManyModules`; `Conflict` where something else went live meanwhile."""
        live = await self._store.live_revision(tenant)
        require_live(live, expected)
        await self._validity.require_together(live, {}, {**await self._validity.sources(live), name: script})
        revision = await self._store.put_module(tenant, name, script, expected=live.number, by=by, message=message)
        self._went_live(revision)
        return revision

    async def delete_module(self, tenant: str, name: str, *, by: str) -> Revision:
        """The module taken out. Raises `InvalidScripts` where something live imports it, `Conflict` likewise."""
        live = await self._store.live_revision(tenant)
        left = {other: script for other, script in (await self._validity.sources(live)).items() if other != name}
        await self._validity.require_together(live, {}, left)
        revision = await self._store.delete_module(tenant, name, expected=live.number, by=by)
        self._went_live(revision)
        return revision

    async def activate(self, tenant: str, number: int, *, by: str, expected: int | None, message: str = "") -> Revision:
        revision = await self._store.activate(tenant, number, by, expected, message=message)
        self._went_live(revision)
        return revision

    async def change_settings(self, tenant: str, settings: TenantSettings, *, by: str) -> Revision:
        revision = await self._store.change_settings(tenant, settings, by)
        self._went_live(revision)
        return revision

    async def create_tenant(self, tenant: str, *, by: str) -> Tenant:
        made = await self._store.create_tenant(tenant, by)
        self._live.forget(tenant)  # an earlier tenant of this name had come further
        self._went_live(await self._store.live_revision(tenant))
        return made

    async def put_copy(
        self, content: Content, values: Values | None, compare: Compare, *, dry_run: bool, by: str
    ) -> Put:
        """A tenant as it was exported; see `Store.put_copy`. That its scripts compile is asked for before."""
        async with self._naming:
            put = await self._store.put_copy(content, values, compare, dry_run=dry_run, by=by)
        if put.outcome != "unchanged" and not dry_run:
            if put.outcome == "made":
                self._live.forget(content.tenant.id)  # its first revision may be another now
            self._went_live(put.live)
        return put

    async def delete_tenant(self, tenant: str, *, by: str) -> None:
        await self._store.delete_tenant(tenant, by)
        self._live.forget(tenant)
        self._live.announce()

    async def _require_free(self, tenant: str, name: str, besides: str | None = None) -> None:
        for rule in await self._store.rules(tenant):
            names = {rule.saved.name} | ({rule.live.name} if rule.live else set())
            if rule.id != besides and name in names:
                raise Conflict("name_taken", f"the rule `{rule.id}` has the name `{name}` already: choose another")

    def _went_live(self, revision: Revision | None) -> None:
        if revision is not None:
            self._live.put(revision)
            self._live.announce()
