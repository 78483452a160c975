"""Writing rules: every change is checked first, stored whole, and live here before its answer.

A script that does not compile is never stored.
"""

from __future__ import annotations

import asyncio
import difflib
import hashlib
from collections.abc import Collection, Mapping, Sequence

from msgspec import UNSET

from engine.compiled import CompiledRules
from engine.live import Live
from engine.models import ALWAYS, Conditions, OnFailure, Revision, Rule, Tenant, TenantSettings
from engine.store.errors import Conflict
from engine.store.pipeline import WantedRule
from engine.store.rules import Guard, RuleChanges
from engine.store.store import Store
from sandbox.wire import Mention, Problem

CHECKS_AT_ONCE = 4  # of the scripts of one call; the sandbox compiles fewer at once, and in turns with other callers


class InvalidScript(Exception):
    """A script with errors; `problems` has hints too."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("the script has problems")
        self.problems = tuple(problems)


class InvalidScripts(Exception):
    """Scripts with errors; `problems` by the rule's name has hints too."""

    def __init__(self, problems: Mapping[str, Sequence[Problem]]) -> None:
        super().__init__("scripts have problems")
        self.problems = {name: tuple(found) for name, found in problems.items()}


class Authoring:
    def __init__(self, store: Store, live: Live, compiled: CompiledRules) -> None:
        self._store = store
        self._live = live
        self._compiled = compiled
        # From looking at the names to storing one, nobody else stores a name. (In this process.)
        self._naming = asyncio.Lock()

    async def check(self, script: str, values: Collection[str] | None = None) -> list[Problem]:
        """Everything that stands against a script, hints included; where `values` are given, also the names of the
        configuration that are none of them. Raises `SandboxUnavailable`."""
        compiled = await self._compiled.compile(script)
        if values is None:
            return compiled.problems
        unknown = [_unknown(mention, values) for mention in compiled.mentions if mention.name not in values]
        return sorted([*compiled.problems, *unknown], key=lambda problem: (problem.line, problem.column))

    async def require_valid(self, script: str) -> None:
        """Raises `InvalidScript` for a script with errors."""
        compiled = await self._compiled.compile(script)
        if not compiled.code:
            raise InvalidScript(compiled.problems)

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
        await self.require_valid(script)
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
        await self._store.rule(tenant, id)  # a rule that is not there is said first
        if changes.script is not UNSET:
            await self.require_valid(changes.script)
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
        self, tenant: str, wanted: Sequence[WantedRule], *, expected: int, prune: bool, by: str
    ) -> Revision:
        """All these rules live with one revision, or nothing of it; see `Store.put_rules`. Raises `InvalidScripts`."""
        live = await self._store.live_revision(tenant)
        if live.number == expected:  # else the store says so, before anything is compiled
            await self._require_all_valid(wanted)
        async with self._naming:
            revision = await self._store.put_rules(tenant, wanted, expected=expected, prune=prune, by=by)
        self._went_live(revision)
        return revision

    async def _require_all_valid(self, wanted: Sequence[WantedRule]) -> None:
        turns = asyncio.Semaphore(CHECKS_AT_ONCE)
        invalid: dict[str, Sequence[Problem]] = {}

        async def check(rule: WantedRule) -> None:
            async with turns:
                if await self._compiled.holds(hashlib.sha256(rule.script.encode()).hexdigest()):
                    return
                compiled = await self._compiled.compile(rule.script)
                if not compiled.code:
                    invalid[rule.name] = compiled.problems

        try:
            async with asyncio.TaskGroup() as checks:
                for rule in wanted:
                    checks.create_task(check(rule))
        except ExceptionGroup as group:
            raise group.exceptions[0] from None
        if invalid:
            raise InvalidScripts({rule.name: invalid[rule.name] for rule in wanted if rule.name in invalid})

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
