"""The live revision of each tenant, kept in this process.

A warm login reads it from here and needs no database. Changes made here are live at once; changes made by
other replicas arrive by polling within a second.
"""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from typing import Protocol

import structlog

from engine.announcements import Announcements
from engine.models import Revision
from engine.recurring import Recurring
from engine.store.errors import NotFound, StoreError
from engine.store.store import Store

log = structlog.get_logger("claimsmith.live")

POLL = 1.0
UNKNOWN_FOR = 1.0  # a tenant that does not exist is not asked for again so soon
MOST_UNKNOWN = 10_000
LAST_POLL = 2.0  # for the one that is under way when the service stops


class Kept(Protocol):
    """What else of tenants is kept in this process."""

    def forget(self, tenant: str) -> None: ...

    async def refresh(self) -> None: ...


class Live:
    def __init__(self, store: Store, *kept: Kept, announcements: Announcements | None = None) -> None:
        """All that is `kept` is kept as fresh as the revisions. `announcements` tell when to look before it is time."""
        self._announcements = announcements
        self._store = store
        self._kept = kept
        self._revisions: dict[str, Revision] = {}
        self._unknown: dict[str, float] = {}
        self._tenants: set[str] = set()  # all that there are
        self._pending: dict[str, asyncio.Future[Revision]] = {}
        self._recurring = Recurring(self._poll, POLL, LAST_POLL)
        self.database_available = True

    def start(self) -> None:
        self._recurring.start()
        if self._announcements is not None:
            self._announcements.start(self._recurring.soon)

    async def close(self) -> None:
        """Ends the polling, within a bounded time."""
        if self._announcements is not None:
            await self._announcements.close()
        await self._recurring.close()

    def announce(self) -> None:
        """Tell other replicas that something was changed."""
        if self._announcements is not None:
            self._announcements.announce()

    @property
    def deaf(self) -> bool:
        """Whether what other replicas announce cannot be heard just now: it is found by looking, then."""
        return self._announcements is not None and self._announcements.deaf

    def known(self, tenant: str) -> Revision | None:
        """The live revision, where it is known here."""
        return self._revisions.get(tenant)

    def exists(self, tenant: str) -> bool:
        """Whether there is such a tenant, as far as is known here: one that another replica has made or ended within a
        second."""
        return tenant in self._revisions or tenant in self._tenants

    async def revision(self, tenant: str) -> Revision:
        """The live revision. Raises `NotFound` for a tenant that does not exist, `Unavailable` when it is not
        known here and the database does not answer."""
        known = self._revisions.get(tenant)
        if known is not None:
            return known
        if self._unknown.get(tenant, 0.0) > time.monotonic():
            raise NotFound("tenant", tenant)
        waiting = self._pending.get(tenant)
        if waiting is None:
            waiting = self._pending[tenant] = asyncio.ensure_future(self._find(tenant))
            waiting.add_done_callback(lambda done: self._found(tenant, done))
        # Who gives up waiting does not take it from the others.
        return await asyncio.shield(waiting)

    async def _find(self, tenant: str) -> Revision:
        try:
            revision = await self._store.live_revision(tenant)
        except NotFound:
            if len(self._unknown) >= MOST_UNKNOWN:
                self._unknown.clear()
            self._unknown[tenant] = time.monotonic() + UNKNOWN_FOR
            raise
        self.put(revision)
        return self._revisions[tenant]

    def _found(self, tenant: str, done: asyncio.Future[Revision]) -> None:
        self._pending.pop(tenant, None)
        if not done.cancelled():
            done.exception()  # seen, even if all who waited have given up

    def put(self, revision: Revision) -> None:
        """Make a revision live here, unless a newer one is."""
        self._unknown.pop(revision.tenant, None)
        known = self._revisions.get(revision.tenant)
        if known is None or known.number < revision.number:
            self._revisions[revision.tenant] = revision

    def forget(self, tenant: str) -> None:
        self._revisions.pop(tenant, None)
        self._tenants.discard(tenant)
        for kept in self._kept:
            kept.forget(tenant)

    async def _poll(self) -> float:
        try:
            await self._refresh()
        except Exception as error:  # a poll that ended would leave this replica with old rules for good
            if self.database_available:
                log.warning(
                    "the database does not answer: logins go on with the last known rules",
                    error=str(error),
                    exc_info=not isinstance(error, StoreError),
                )
            self.database_available = False
        else:
            if not self.database_available:
                log.info("the database answers again")
            self.database_available = True
        return POLL

    async def _refresh(self) -> None:
        stamps = await self._store.live_stamps()
        self._tenants = set(stamps)
        for tenant, known in list(self._revisions.items()):
            # Not "greater": a tenant that was ended and made again begins anew, and may have come as far.
            if stamps.get(tenant) == _stamp(known):
                continue
            try:
                fresh = await self._store.live_revision(tenant)
            except NotFound:
                self.forget(tenant)
            else:
                if self._revisions.get(tenant) is known:  # else a change was made here meanwhile
                    self._revisions[tenant] = fresh
        for kept in self._kept:
            await kept.refresh()


def _stamp(revision: Revision) -> tuple[int, datetime]:
    return revision.number, revision.created_at
