"""Whether scripts compile, with the modules that they import: before anything of them is stored, or live."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Collection, Iterable, Mapping, Sequence

from engine.compiled import CompiledRules
from engine.library import MOST_MODULES, NO_MODULES, Sources, closure, drafts, mentioned, sources_for
from engine.models import PipelineModule, PipelineRule, Revision
from engine.store.store import Store
from sandbox.wire import Mention, Problem

LARGEST_MODULES = 1024 * 1024  # bytes of all of them
CHECKS_AT_ONCE = 4  # of the scripts of one call; the sandbox compiles fewer at once, and in turns with other callers


Asked = tuple[tuple[str, str], str, Sources]  # a kind and a name, its script, and the modules that it is compiled with


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


class Validity:
    def __init__(self, store: Store, compiled: CompiledRules) -> None:
        self._store = store
        self._compiled = compiled

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

    async def require(self, script: str, modules: Sources = NO_MODULES) -> None:
        """Raises `InvalidScript` for a script with errors."""
        compiled = await self._compiled.compile(script, sources_for(script, modules))
        if not compiled.code:
            raise InvalidScript(compiled.problems)

    async def modules(self, tenant: str) -> Sources:
        """The sources of the modules that the tenant's rules can import, as they are live."""
        return await self.sources(await self._store.live_revision(tenant))

    async def sources(self, revision: Revision) -> Sources:
        if not revision.modules:
            return NO_MODULES
        scripts = await self._store.scripts({module.sha256 for module in revision.modules})
        return {module.name: scripts[module.sha256] for module in revision.modules}

    async def require_together(
        self, live: Revision, scripts: Mapping[str, str], modules: Sources, *, besides: Collection[str] = ()
    ) -> None:
        """Raises `InvalidScripts` unless these scripts of rules compile with these modules, and so do the modules
        themselves and the live rules, `besides` some, that import what is not as it was."""
        _require_room(modules)
        library = drafts(modules)
        now = {module.name: module.sha256 for module in library}
        before = {module.name: module.sha256 for module in live.modules}
        changed = {name for name in now | before if now.get(name) != before.get(name)}
        both = (*live.modules, *library)  # what imports one that is gone is told by how it was
        asked: list[Asked] = [
            (("module", module.name), modules[module.name], modules)
            for module in library
            if module.name in changed or _leads_to([module.name], both, changed)
        ]
        others = [
            rule
            for rule in live.rules
            if rule.name not in scripts and rule.name not in besides and _leads_to(rule.imports, both, changed)
        ]
        stored = await self._store.scripts({rule.sha256 for rule in others})
        # Of many rules: the modules are not looked through for each of them.
        asked += [
            (("rule", name), script, _needed(mentioned(script, modules), library, modules))
            for name, script in (*scripts.items(), *((rule.name, stored[rule.sha256]) for rule in others))
        ]
        await self._require_each(asked)

    async def require_revision(
        self, revision: Revision, drafts: Iterable[PipelineRule], scripts: Mapping[str, str]
    ) -> None:
        """Raises `InvalidScripts` unless all of a revision that is not stored yet compiles as it would run, and so do
        `drafts`, which import nothing. `scripts` has theirs and those of modules, by SHA-256. Raises `TooManyModules`
        likewise."""
        modules = {module.name: scripts[module.sha256] for module in revision.modules}
        _require_room(modules)
        asked: list[Asked] = [(("module", name), script, modules) for name, script in modules.items()]
        for rule in (*revision.rules, *drafts):
            needed = _needed(rule.imports, revision.modules, modules)
            asked.append((("rule", rule.name), scripts[rule.sha256], needed))
        await self._require_each(asked)

    async def _require_each(self, asked: Sequence[Asked]) -> None:
        turns = asyncio.Semaphore(CHECKS_AT_ONCE)
        invalid: dict[tuple[str, str], Sequence[Problem]] = {}

        async def check(which: tuple[str, str], script: str, modules: Sources) -> None:
            async with turns:
                if which[0] == "module":
                    compiled = await self._compiled.compile_module(which[1], script, modules)
                else:
                    if await self._compiled.holds(script, modules):
                        return
                    compiled = await self._compiled.compile(script, modules)
                if any(problem.severity == "error" for problem in compiled.problems):
                    invalid[which] = compiled.problems

        try:
            async with asyncio.TaskGroup() as checks:
                for one in asked:
                    checks.create_task(check(*one))
        except ExceptionGroup as group:
            raise group.exceptions[0] from None
        if invalid:
            raise InvalidScripts({which: invalid[which] for which, *_ in asked if which in invalid})


def _require_room(modules: Sources) -> None:
    size = sum(len(script.encode()) for script in modules.values())
    if len(modules) > MOST_MODULES or size > LARGEST_MODULES:
        most = f"there may be {MOST_MODULES}, with {LARGEST_MODULES} bytes"
        raise TooManyModules(f"{len(modules)} modules with {size} bytes: {most}")


def _needed(imports: Iterable[str], library: Collection[PipelineModule], modules: Sources) -> Sources:
    return {module.name: modules[module.name] for module in closure(imports, library)}


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
