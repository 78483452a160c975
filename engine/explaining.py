"""Answers questions about one execution: gathers what there is to know, and asks `engine.why` and `engine.stepping`."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Any

import msgspec

from engine.cases import Case
from engine.casing import NoCase, case_of
from engine.configuration import Configurations, ConfigurationSet
from engine.engine import Engine
from engine.library import closure
from engine.models import PipelineRule, Revision
from engine.record import Record, redacted
from engine.records import Records
from engine.replay import Replayer
from engine.stepping import lines_run, shown_timeline
from engine.store.store import Store
from engine.why import Known, Why, why
from sandbox.pool import Busy, Pool
from sandbox.process import SandboxUnavailable
from sandbox.wire import Outline

MOST_KEPT = 2_000  # outlines; each is a few hundred bytes
AT_ONCE = 2


class Explainer:
    def __init__(
        self,
        store: Store,
        records: Records,
        engine: Engine,
        replayer: Replayer,
        pool: Pool,
        configurations: Configurations,
    ) -> None:
        self._configurations = configurations
        self._store = store
        self._engine = engine
        self._replayer = replayer
        self._records = records
        self._pool = pool
        self._outlines: OrderedDict[str, Outline] = OrderedDict()

    async def why(self, tenant: str, execution: str, claim: str, token: str) -> Why:
        """Raises `NotFound`, `Unavailable` and `SandboxUnavailable`."""
        settings = (await self._store.live_revision(tenant)).settings
        # The reasons quote values: of a record without secrets they cannot quote any.
        recorded = await self._records.get(tenant, execution)
        record = redacted(recorded, settings.recording)
        claim = (await self._values(tenant, record)).masking.text(claim)  # as the record names it
        revision = await self._store.revision(tenant, record.revision)
        saved = tuple(rule.saved for rule in await self._store.rules(tenant))
        known = await self._known(revision, saved)
        found = why(record, known, claim, token)
        if found.present or not any(rule.enabled for rule in revision.rules):
            return found
        lines = await self._lines(tenant, recorded)
        return why(record, msgspec.structs.replace(known, lines=lines), claim, token)

    async def timeline(self, tenant: str, execution: str) -> dict[str, Any]:
        """The execution line by line. Raises what a replay raises."""
        record = await self._records.get(tenant, execution)
        replay = await self._replayer.again(tenant, record, traced=True)
        revision = await self._store.revision(tenant, record.revision)
        sources = await self._store.scripts({rule.sha256 for rule in revision.rules})
        scripts = {rule.id: sources.get(rule.sha256, "") for rule in revision.rules}
        settings = (await self._store.live_revision(tenant)).settings
        return shown_timeline(replay, record, scripts, settings.recording)

    async def case(self, tenant: str, execution: str, rule: str) -> Case:
        """What a rule was given in the execution, as a case. Raises `NoCase`, `NotFound` and what a replay raises."""
        settings = (await self._store.live_revision(tenant)).settings
        record = redacted(await self._records.get(tenant, execution), settings.recording)
        revision = await self._store.revision(tenant, record.revision)
        found = next((one for one in revision.rules if one.name == rule), None)
        if found is None:
            raise NoCase(f"revision {revision.number} has no rule `{rule}`")
        modules = closure(found.imports, revision.modules)
        scripts = await self._store.scripts([found.sha256, *(module.sha256 for module in modules)])
        sources = {module.name: scripts[module.sha256] for module in modules}
        placeholders = (await self._values(tenant, record)).placeholders
        script = scripts[found.sha256]
        return await case_of(self._engine, record, rule, script, sources, placeholders, settings.recording)

    async def _values(self, tenant: str, record: Record) -> ConfigurationSet:
        """The values that the rules could read in the execution."""
        return await self._configurations.numbered(tenant, record.configuration or 0)

    async def _lines(self, tenant: str, record: Record) -> dict[int, frozenset[int]] | None:
        """The lines that ran; None where there is nobody to tell them just now."""
        try:
            return lines_run(await self._replayer.again(tenant, record, traced=True))
        except (Busy, SandboxUnavailable):
            return None

    async def _known(self, revision: Revision, saved: tuple[PipelineRule, ...]) -> Known:
        sources = await self._store.scripts({rule.sha256 for rule in (*revision.rules, *saved)})
        turns = asyncio.Semaphore(AT_ONCE)

        async def outlined(sha256: str) -> tuple[str, Outline]:
            async with turns:
                return sha256, await self._outline(sha256, sources[sha256])

        outlines = dict(await asyncio.gather(*(outlined(sha256) for sha256 in sources)))
        return Known(revision=revision, saved=saved, sources=sources, outlines=outlines)

    async def _outline(self, sha256: str, source: str) -> Outline:
        found = self._outlines.get(sha256)
        if found is None:
            found = self._outlines[sha256] = await self._pool.outline(source)
            if len(self._outlines) > MOST_KEPT:
                self._outlines.popitem(last=False)
        self._outlines.move_to_end(sha256)
        return found
