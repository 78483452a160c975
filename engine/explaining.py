"""Answers why a claim is in a token or is not: gathers what there is to know, and asks `engine.why`."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable

from engine.models import PipelineRule
from engine.record import redacted
from engine.records import Records
from engine.store.store import Store
from engine.why import Scripts, Why, why
from sandbox.pool import Pool
from sandbox.wire import Outline

MOST_KEPT = 2_000  # outlines; each is a few hundred bytes
AT_ONCE = 2


class Explainer:
    def __init__(self, store: Store, records: Records, pool: Pool) -> None:
        self._store = store
        self._records = records
        self._pool = pool
        self._outlines: OrderedDict[str, Outline] = OrderedDict()

    async def why(self, tenant: str, execution: str, claim: str, token: str) -> Why:
        """Raises `NotFound`, `Unavailable` and `SandboxUnavailable`."""
        settings = (await self._store.live_revision(tenant)).settings
        # The reasons quote values: of a record without secrets they cannot quote any.
        record = redacted(await self._records.get(tenant, execution), settings.recording)
        revision = await self._store.revision(tenant, record.revision)
        saved = tuple(rule.saved for rule in await self._store.rules(tenant))
        scripts = await self._scripts((*revision.rules, *saved))
        return why(record, revision, saved, scripts, claim, token, None)

    async def _scripts(self, rules: Iterable[PipelineRule]) -> Scripts:
        sources = await self._store.scripts({rule.sha256 for rule in rules})
        turns = asyncio.Semaphore(AT_ONCE)

        async def outlined(sha256: str) -> tuple[str, Outline]:
            async with turns:
                return sha256, await self._outline(sha256, sources[sha256])

        outlines = dict(await asyncio.gather(*(outlined(sha256) for sha256 in sources)))
        return Scripts(sources=sources, outlines=outlines)

    async def _outline(self, sha256: str, source: str) -> Outline:
        found = self._outlines.get(sha256)
        if found is None:
            found = self._outlines[sha256] = await self._pool.outline(source)
            if len(self._outlines) > MOST_KEPT:
                self._outlines.popitem(last=False)
        self._outlines.move_to_end(sha256)
        return found
