"""Records go when they are too old, or too many: a little at a time, since others write meanwhile.

Sets of configuration values go when no record can name them any more, entries of the audit log when they are too old.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from datetime import UTC, datetime, timedelta

import structlog

from engine.execution_id import first_id
from engine.models import Recording
from engine.recurring import Recurring
from engine.store.errors import NotFound, StoreError
from engine.store.store import Store

log = structlog.get_logger("claimsmith.retention")

FIRST = 60.0  # seconds after the start
EVERY = 600.0
AT_ONCE = 200  # records: some ten milliseconds in which nobody else writes to SQLite
PAUSE = 0.05
LAST_WORDS = 5.0  # for a removal that is under way when the service stops
DAY = 86_400 * 10**9
SPARE_DAYS = 1  # for records that are written late, and replicas that learn late of another set


class Retention:
    def __init__(self, store: Store, audit_days: int) -> None:
        self._store = store
        self._audit_days = audit_days
        self._recurring = Recurring(self._look, FIRST, LAST_WORDS)

    def start(self) -> None:
        self._recurring.start()

    async def close(self) -> None:
        """Stop, within a bounded time."""
        await self._recurring.close()

    async def sweep(self) -> int:
        """Remove what no tenant wants to keep any more; answers how many records went."""
        removed = 0
        for tenant in await self._store.tenants():
            if self._recurring.closing.is_set():
                break
            with contextlib.suppress(NotFound):  # ended meanwhile
                recording = (await self._store.live_revision(tenant.id)).settings.recording
                removed += await self._sweep(tenant.id, recording)
        await self._sweep_audit()
        return removed

    async def _sweep_audit(self) -> None:
        last = first_id(time.time_ns() - self._audit_days * DAY)
        while not self._recurring.closing.is_set():
            if await self._store.remove_audit(last, AT_ONCE) < AT_ONCE:
                break
            await asyncio.sleep(PAUSE)

    async def _sweep(self, tenant: str, recording: Recording) -> int:
        oldest = first_id(time.time_ns() - recording.days * DAY)
        beyond = await self._store.execution_beyond(tenant, recording.count)
        last = max(oldest, beyond) if beyond is not None else oldest
        removed = 0
        while not self._recurring.closing.is_set():
            gone = await self._store.remove_executions(tenant, last, AT_ONCE)
            removed += gone
            if gone < AT_ONCE:
                break
            await asyncio.sleep(PAUSE)
        if removed:
            await self._store.remove_unused_marks(tenant)
            log.info("records were removed, as the tenant's settings have it", tenant=tenant, count=removed)
        replaced = datetime.now(UTC) - timedelta(days=recording.days + SPARE_DAYS)
        if sets := await self._store.remove_replaced_configurations(tenant, replaced):
            log.info("sets of configuration values were removed that no record names", tenant=tenant, count=sets)
        return removed

    async def _look(self) -> float:
        try:
            await self.sweep()
        except StoreError as error:
            log.warning("old records cannot be removed", error=str(error))
        except Exception:  # one that ended would keep everything for ever
            log.exception("old records cannot be removed")
        return EVERY
