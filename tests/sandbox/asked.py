"""A broker for tests: it notes what it is asked, and answers by a function."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import msgspec

from sandbox.exchanges import HttpAnswer
from sandbox.wire import Call


class Asked:
    def __init__(self, answer: Callable[[Call], Awaitable[HttpAnswer]] | None = None) -> None:
        self.calls: list[Call] = []
        self.changes = False
        self.cancelled = 0
        self._answer = answer

    async def answer(self, call: Call) -> bytes:
        self.calls.append(call)
        try:
            answer = HttpAnswer(status=200, body="hello") if self._answer is None else await self._answer(call)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return msgspec.json.encode(answer)


async def asleep(seconds: float) -> HttpAnswer:
    await asyncio.sleep(seconds)
    return HttpAnswer(status=200, body="late")
