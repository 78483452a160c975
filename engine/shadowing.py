"""Rules on trial beside the live ones: each recorded login is replayed under them, after its answer.

They see what the live rules have seen and can neither change nor slow a token: what they decide is only counted. One
process of all replicas does it for a tenant at a time, and whoever takes over goes on where the last one has come.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from datetime import UTC, datetime

import msgspec
import structlog

from engine.execution_id import first_id
from engine.impact import Impact, patiently
from engine.models import Revision
from engine.records import Opened, Records
from engine.recurring import Recurring
from engine.replay import Replayer
from engine.store.errors import StoreError
from engine.store.executions import Filter
from engine.store.shadows import Shadow
from engine.store.store import Store

log = structlog.get_logger("claimsmith.shadow")

EVERY = 1.0  # seconds
BEHIND = 5.0  # seconds: younger records wait, since some may still be written late
AT_ONCE = 200  # records of one look at a tenant
MOST_BEHIND = 20_000  # records: of more, the oldest are left out
HOLD = 30.0  # seconds without a sign after which another process takes over
AT_A_STRETCH = 5.0  # seconds for one tenant: others wait, and one replay may take as long again as `HOLD` leaves
LAST_WORDS = 5.0
NOTHING = Opened([], [], None)


class Shadowing:
    def __init__(self, store: Store, records: Records, replayer: Replayer) -> None:
        self._store = store
        self._records = records
        self._replayer = replayer
        self._me = secrets.token_hex(8)
        self._recurring = Recurring(self._go_on, EVERY, LAST_WORDS)

    def start(self) -> None:
        self._recurring.start()

    async def close(self) -> None:
        """Stop, within a bounded time, and leave what was on trial here to another."""
        await self._recurring.close()
        with contextlib.suppress(StoreError, TimeoutError):
            await asyncio.wait_for(self._store.release_shadows(self._me), LAST_WORDS)

    async def begin(self, tenant: str, revision: Revision, by: str) -> Shadow:
        """From now on `revision` is tried on the tenant's logins, instead of what was tried before."""
        now = datetime.now(UTC)
        shadow = Shadow(
            tenant=tenant,
            revision=revision,
            started_at=now,
            started_by=by,
            reached=first_id(time.time_ns()),
            impact=msgspec.json.encode(Impact()).decode(),
        )
        await self._store.start_shadow(shadow)
        return shadow

    async def look(self) -> int:
        """Try what has come since the last look; answers how many logins."""
        count = 0
        for tenant in await self._store.shadows():
            if self._recurring.closing.is_set():
                break
            shadow = await self._store.take_shadow(tenant, self._me, HOLD)
            if shadow is not None:
                count += await self._try_on(shadow)
        return count

    async def _try_on(self, shadow: Shadow) -> int:
        impact = msgspec.json.decode(shadow.impact, type=Impact)
        last = first_id(time.time_ns() - int(BEHIND * 1e9))
        which = Filter(after=shadow.reached, last=last)
        behind = await self._records.count(shadow.tenant, which)
        if behind > MOST_BEHIND:
            impact.left_out += behind
            shadow = msgspec.structs.replace(shadow, reached=last)
            log.warning("shadow rules do not keep up: logins are left out", tenant=shadow.tenant, count=behind)
        found = NOTHING if behind > MOST_BEHIND else await self._records.oldest(shadow.tenant, which, AT_ONCE)
        recording = (await self._store.live_revision(shadow.tenant)).settings.recording
        began = time.monotonic()
        reached = found.last
        for record in found.records:
            if self._recurring.closing.is_set():
                reached = None
                break
            replay = await patiently(self._replayer, shadow.tenant, record, shadow.revision, {})
            if replay is None:
                impact.left_out += 1
            else:
                impact.add(record, replay, recording)
            shadow = msgspec.structs.replace(shadow, reached=record.execution_id)
            # Slow rules must not use up the hold: what was found by then would be another's to find, again and again.
            if time.monotonic() > began + AT_A_STRETCH:
                reached = None
                break
        impact.unreadable += len([name for name in found.unreadable if name <= (reached or shadow.reached)])
        shadow = msgspec.structs.replace(shadow, reached=reached or shadow.reached)
        if behind:
            kept = msgspec.structs.replace(shadow, impact=msgspec.json.encode(impact).decode())
            await self._store.advance_shadow(kept, self._me)
        return found.looked_at

    async def _go_on(self) -> float:
        try:
            if await self.look():
                return 0.0
        except StoreError as error:
            log.debug("shadow rules wait", error=str(error))
        except Exception:  # one that ended would try nothing any more
            log.exception("shadow rules cannot be tried")
        return EVERY
