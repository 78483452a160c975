"""Writing rules: every change is checked first, stored whole, and live here before its answer.

A script that does not compile is never stored.
"""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Collection, Mapping, Sequence

from msgspec import UNSET

from engine.compiled import CompiledRules
from engine.library import NO_MODULES, Sources, drafts, sha256, sources_for
from engine.live import Live
from engine.models import ALWAYS, Conditions, OnFailure, PipelineModule, Revision, Rule, Tenant, TenantSettings
from engine.store.errors import Conflict
from engine.store.pipeline import WantedRule
from engine.store.rules import Guard, RuleChanges
from engine.store.store import Store
from sandbox.wire import Mention, Problem

MOST_MODULES = 100  # of one tenant
LARGEST_MODULES = 1024 * 1024  # bytes of all of them
CHECKS_AT_ONCE = 4  # of the scripts of one call; the sandbox compiles fewer at once, and in turns with other callers


class InvalidScript(Exception):
    """A script with errors; `problems` has hints too."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("the script has problems")
        self.problems = tuple(problems)


class InvalidScripts(Exception):
    """Scripts with errors. `problems` has hints too; whose each are is said by a kind, `rule` or `module`, and a
    name."""

    def __init__(self, problems: Mapping[tuple[str, str], Sequence[Problem]]) -> None:
        super().__init__("scripts have problems")
        self.problems = {which: tuple(found) for which, found in problems.items()}


class TooManyModules(Exception):
    """A tenant's modules would be more, or longer, than they may be; the text says by how much."""


class Authoring:
    def __init__(self, store: Store, live: Live, compiled: CompiledRules) -> None:
        self._store = store
        self._live = live
        self._compiled = compiled
        # From looking at the names to storing one, nobody else stores a name. (In this process.)
        self._naming = asyncio.Lock()

    async def check(
        self,
        script: str,
        values: Collection[str] | None = None,
        modules: Sources = NO_MODULES,
        *,
        module: str | None = None,
    ) -> list[Problem]:
        """Everything that stands against a script, or a `module` of this name, hints included; where `values` are
        given, also the names of the configuration that are none of them. It may import `modules`. Raises
        `SandboxUnavailable`."""
        if module is not None:
            compiled = await self._compiled.compile_module(module, script, modules)
        else:
            compiled = await self._compiled.compile(script, sources_for(script, modules))
        if values is None:
            return compiled.problems
        unknown = [_unknown(mention, values) for mention in compiled.mentions if mention.name not in values]
        return sorted([*compiled.problems, *unknown], key=lambda problem: (problem.line, problem.column))

    async def require_valid(self, script: str, modules: Sources = NO_MODULES) -> None:
        """Raises `InvalidScript` for a script with errors."""
        compiled = await self._compiled.compile(script, sources_for(script, modules))
        if not compiled.code:
            raise InvalidScript(compiled.problems)

    async def modules(self, tenant: str) -> Sources:
        """The sources of the modules that the tenant's rules can import, as they are live."""
        return await self._sources(await self._store.live_revision(tenant))

    async def _sources(self, revision: Revision) -> Sources:
        if not revision.modules:
            return NO_MODULES
        scripts = await self._store.scripts({module.sha256 for module in revision.modules})
        return {module.name: scripts[module.sha256] for module in revision.modules}

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
    ) -> tuple[Rule, Revision | None]:
        """A new rule, and the revision it made when it went live. Raises `InvalidScript`, `Conflict`."""
        await self._require_free(tenant, name)
        await self.require_valid(script, await self.modules(tenant))
        async with self._naming:
            await self._require_free(tenant, name)
            rule, revision = await self._store.create_rule(
                tenant,
                name=name,
                script=script,
                order=order,
                enabled=enabled,
                on_failure=on_failure,
                conditions=conditions,
                deploy=deploy,
                by=by,
            )
        self._went_live(revision)
        return rule, revision

    async def change(
        self, tenant: str, id: str, changes: RuleChanges, *, deploy: bool, by: str, guard: Guard | None
    ) -> tuple[Rule, Revision | None]:
        """Save changes of a rule; with `deploy` its whole saved state goes live."""
        saved = (await self._store.rule(tenant, id)).saved  # a rule that is not there is said first
        if changes.script is not UNSET:
            await self.require_valid(changes.script, await self.modules(tenant))
        elif deploy and saved.imports:  # its modules may have changed since it was saved
            script = (await self._store.scripts([saved.sha256]))[saved.sha256]
            await self.require_valid(script, await self.modules(tenant))
        async with self._naming:
            if changes.name is not UNSET:
                await self._require_free(tenant, changes.name, besides=id)
            rule, revision = await self._store.update_rule(
                tenant, id, changes=changes, deploy=deploy, by=by, guard=guard
            )
        self._went_live(revision)
        return rule, revision

    async def delete(self, tenant: str, id: str, *, by: str, guard: Guard | None) -> Revision | None:
        revision = await self._store.delete_rule(tenant, id, by, guard)
        self._went_live(revision)
        return revision

    async def set_order(self, tenant: str, ids: Sequence[str], *, by: str) -> Revision:
        revision = await self._store.set_order(tenant, ids, by)
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
    ) -> Revision:
        """All these rules, and modules, live with one revision, or nothing of it; see `Store.put_rules`. Raises
        `InvalidScripts`, `TooManyModules`."""
        live = await self._store.live_revision(tenant)
        if live.number == expected:  # else the store says so, before anything is compiled
            sources = await self._sources(live)
            if modules is not None:
                sources = {**({} if prune else sources), **modules}
            scripts = {rule.name: rule.script for rule in wanted}
            gone = {rule.name for rule in live.rules} if prune else ()
            await self._require_valid_together(live, scripts, sources, besides=gone)
        async with self._naming:
            revision = await self._store.put_rules(tenant, wanted, modules, expected=expected, prune=prune, by=by)
        self._went_live(revision)
        return revision

    async def put_module(self, tenant: str, name: str, script: str, *, by: str) -> Revision:
        """The module live, for all rules that import it. Raises `InvalidScripts` where they, or it, do not compile with
        it, and `TooManyModules`; `Conflict` where something else went live meanwhile."""
        live = await self._store.live_revision(tenant)
        await self._require_valid_together(live, {}, {**await self._sources(live), name: script})
        revision = await self._store.put_module(tenant, name, script, expected=live.number, by=by)
        self._went_live(revision)
        return revision

    async def delete_module(self, tenant: str, name: str, *, by: str) -> Revision:
        """The module taken out. Raises `InvalidScripts` where something live imports it, `Conflict` likewise."""
        live = await self._store.live_revision(tenant)
        left = {other: script for other, script in (await self._sources(live)).items() if other != name}
        await self._require_valid_together(live, {}, left)
        revision = await self._store.delete_module(tenant, name, expected=live.number, by=by)
        self._went_live(revision)
        return revision

    async def _require_valid_together(
        self, live: Revision, scripts: Mapping[str, str], modules: Sources, *, besides: Collection[str] = ()
    ) -> None:
        """Raises `InvalidScripts` unless these scripts of rules compile with these modules, and so do the modules
        themselves and the live rules, `besides` some, that import what is not as it was."""
        size = sum(len(script.encode()) for script in modules.values())
        if len(modules) > MOST_MODULES or size > LARGEST_MODULES:
            text = (
                f"{len(modules)} modules with {size} bytes: there may be {MOST_MODULES}, with {LARGEST_MODULES} bytes"
            )
            raise TooManyModules(text)
        changed = {module.name for module in drafts(modules)} ^ {module.name for module in live.modules}
        before = {module.name: module.sha256 for module in live.modules}
        changed |= {name for name, script in modules.items() if before.get(name) != sha256(script)}
        library = drafts(modules)
        both = (*live.modules, *library)  # what imports one that is gone is told by how it was
        asked = [
            (("module", module.name), modules[module.name])
            for module in library
            if module.name in changed or _leads_to([module.name], both, changed)
        ]
        asked += [(("rule", name), script) for name, script in scripts.items()]
        others = [
            rule
            for rule in live.rules
            if rule.name not in scripts and rule.name not in besides and _leads_to(rule.imports, both, changed)
        ]
        stored = await self._store.scripts({rule.sha256 for rule in others})
        asked += [(("rule", rule.name), stored[rule.sha256]) for rule in others]
        await self._require_each_valid(asked, modules)

    async def _require_each_valid(self, asked: Sequence[tuple[tuple[str, str], str]], modules: Sources) -> None:
        turns = asyncio.Semaphore(CHECKS_AT_ONCE)
        invalid: dict[tuple[str, str], Sequence[Problem]] = {}

        async def check(which: tuple[str, str], script: str) -> None:
            async with turns:
                if which[0] == "module":
                    compiled = await self._compiled.compile_module(which[1], script, modules)
                else:
                    bundle = sources_for(script, modules)
                    if await self._compiled.holds(script, bundle):
                        return
                    compiled = await self._compiled.compile(script, bundle)
                if any(problem.severity == "error" for problem in compiled.problems):
                    invalid[which] = compiled.problems

        try:
            async with asyncio.TaskGroup() as checks:
                for which, script in asked:
                    checks.create_task(check(which, script))
        except ExceptionGroup as group:
            raise group.exceptions[0] from None
        if invalid:
            raise InvalidScripts({which: invalid[which] for which, _ in asked if which in invalid})

    async def activate(self, tenant: str, number: int, *, by: str, expected: int | None) -> Revision:
        revision = await self._store.activate(tenant, number, by, expected)
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

    async def delete_tenant(self, tenant: str) -> None:
        await self._store.delete_tenant(tenant)
        self._live.forget(tenant)

    async def _require_free(self, tenant: str, name: str, besides: str | None = None) -> None:
        for rule in await self._store.rules(tenant):
            names = {rule.saved.name} | ({rule.live.name} if rule.live else set())
            if rule.id != besides and name in names:
                raise Conflict("name_taken", f"the rule `{rule.id}` has the name `{name}` already: choose another")

    def _went_live(self, revision: Revision | None) -> None:
        if revision is not None:
            self._live.put(revision)


def _leads_to(names: Sequence[str], modules: Sequence[PipelineModule], wanted: Collection[str]) -> bool:
    """Whether one of the names is `wanted`, or imports one that is, directly or not."""
    reached: set[str] = set()
    pending = {*names}
    while pending:
        reached |= pending
        pending = {name for module in modules if module.name in pending for name in module.imports} - reached
    return not reached.isdisjoint(wanted)


def _unknown(mention: Mention, values: Collection[str]) -> Problem:
    near = difflib.get_close_matches(mention.name, sorted(values), n=1)
    advice = f"did you mean `{near[0]}`?" if near else f"set it by `PUT /v1/configuration/{mention.name}`"
    return Problem(
        line=mention.line,
        column=mention.column,
        code="unknown_configuration",
        message=f"`configuration` has no `{mention.name}` here: {advice}",
        severity="hint",
    )
