"""Records as they come: asked for again and again, so that those of all replicas are seen, whoever wrote them."""

from __future__ import annotations

import time

import msgspec

from engine.execution_id import first_id
from engine.record import Record
from engine.records import Records
from engine.store.executions import Filter

OVERLAP = 10.0  # seconds: a record that is written so late, after younger ones, is still seen
MOST = 1000  # records of one look


class Following:
    """The records of a tenant that a filter lets through: from now on, or from the filter's own `first` on."""

    def __init__(self, records: Records, tenant: str, which: Filter) -> None:
        self._records = records
        self._tenant = tenant
        self._which = which
        self._first = which.first or first_id(time.time_ns())  # what is older is not looked for any more
        self._seen: set[str] = set()
        self.missed = False  # whether the last look found more than it could take
        self.unreadable = 0  # of what the last look found anew: records that cannot be opened

    async def fresh(self) -> list[Record]:
        """Those that have come since the last look, oldest first. Raises `Unavailable`."""
        overlap = first_id(time.time_ns() - int(OVERLAP * 1e9))
        which = msgspec.structs.replace(self._which, first=self._first)
        page = await self._records.page(self._tenant, which, MOST)
        found = [record for record in reversed(page.records) if record.execution_id not in self._seen]
        self.unreadable = len([name for name in page.unreadable if name not in self._seen])
        # A page that is full, and of which nothing was seen before, does not reach back to the last look.
        self.missed = page.looked_at == MOST == len(found) + self.unreadable
        self._seen = {record.execution_id for record in page.records} | set(page.unreadable)
        # After the answer: while the database does not answer, what has come meanwhile waits here.
        self._first = max(self._first, overlap)
        return found
