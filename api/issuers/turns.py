"""Who may fetch now: a bound on all together, and a smaller one on each owner, so that nobody takes all places."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager


class Turns:
    """At most `most` turns at once, and at most `most_of_one` of one owner. Owners who wait get places that become free
    one after another, whoever of them has asked more often."""

    def __init__(self, most: int, most_of_one: int) -> None:
        self._most = most
        self._most_of_one = most_of_one
        self._taken: Counter[str] = Counter()
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}  # the first is served next

    @asynccontextmanager
    async def turn(self, owners: Iterable[str]) -> AsyncIterator[None]:
        """A turn for what belongs to all of these; it counts for the one of them who has the least to do."""
        owner = min(sorted(owners), key=lambda one: self._taken[one] + len(self._waiting.get(one, ())), default="")
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(owner, deque()).append(place)
        self._serve()
        try:
            await place
            yield
        finally:
            if place.done() and not place.cancelled():
                self._taken[owner] -= 1
                if not self._taken[owner]:
                    del self._taken[owner]
            self._serve()

    def _serve(self) -> None:
        """Gives the places that are free."""
        while self._taken.total() < self._most:
            owner = next((one for one in self._waiting if self._taken[one] < self._most_of_one), None)
            if owner is None:
                return
            places = self._waiting.pop(owner)
            place = places.popleft()
            if places:
                self._waiting[owner] = places  # behind the others
            if not place.cancelled():  # by who does not wait any more
                self._taken[owner] += 1
                place.set_result(None)
