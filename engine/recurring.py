"""Something that is done again and again beside the logins, until the service stops."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from engine.ending import end

SHORTEST = 0.02  # seconds between two times


class Recurring:
    """`act` is awaited every so often, and answers in how many seconds again; what goes wrong in it is its own to
    catch. `closing` is set when it should come to an end."""

    def __init__(self, act: Callable[[], Awaitable[float]], first: float, last_words: float) -> None:
        """`first` seconds after the start for the first time; it may go on for `last_words` seconds when all stops."""
        self._act = act
        self._first = first
        self._last_words = last_words
        self._task: asyncio.Task[None] | None = None
        self._early = asyncio.Event()
        self.closing = asyncio.Event()

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._go_on())

    def soon(self) -> None:
        """Act before it is time, but not again and again: what is asked for in between is one more time."""
        self._early.set()

    async def close(self) -> None:
        """Stop, within a bounded time."""
        self.closing.set()
        self._early.set()
        if self._task is not None:
            # Not cancelled at once: what is cut off in SQLite may keep it locked.
            await asyncio.wait([self._task], timeout=self._last_words)
            await end(self._task)

    async def _go_on(self) -> None:
        pause = self._first
        while not self.closing.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._early.wait(), pause)
            if self.closing.is_set():
                return
            if self._early.is_set():
                self._early.clear()
                await asyncio.sleep(SHORTEST)
            pause = await self._act()
