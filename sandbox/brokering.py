"""Calls, seen from the service: who answers them, and what a worker may ask at all."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Protocol

import msgspec

from sandbox.exchanges import HttpAnswer, require_readable
from sandbox.limits import Limits
from sandbox.wire import Call, Reply

if TYPE_CHECKING:
    from sandbox.executions import Request


class Broker(Protocol):
    """Answers the calls of one execution, in however many workers it is run."""

    @property
    def changes(self) -> bool:
        """Whether a call of it may have changed something outside, so that nobody should make it again."""
        ...

    async def answer(self, call: Call) -> bytes:
        """JSON text of the kind's answer (`sandbox.exchanges`). Raises nothing but `CancelledError`."""
        ...


class Nobody:
    """For executions without calls: each fails."""

    changes = False

    async def answer(self, call: Call) -> bytes:
        return msgspec.json.encode(HttpAnswer(failure="failed", message="calls are not made here"))


NOBODY = Nobody()


class OutOfTurn(Exception):
    """What a worker sent is no call that its execution could make now."""


class Calling:
    """The calls of the execution at the head of one worker."""

    def __init__(self) -> None:
        self.task: asyncio.Task[None] | None = None  # while a call is going on
        self.replied = 0.0  # when the last one was answered
        self._since = 0.0  # when the last one came
        self._waited = 0.0  # seconds of its step, without the one that is going on
        self._count = 0
        self._last = (-1, -1)

    @property
    def going_on(self) -> bool:
        return self.task is not None

    @property
    def made(self) -> bool:
        """Whether there was a call: then the execution has begun, whatever its worker says."""
        return self._count > 0

    def waited(self, step: int) -> float:
        """Seconds that the calls of `step` have taken, without the one that is going on."""
        return self._waited if step == self._last[0] else 0.0

    def begin(self) -> None:
        """Another execution is at the head."""
        self._count, self._last, self._waited, self.replied = 0, (-1, -1), 0.0, 0.0

    def take(self, body: bytes, seq: int, request: Request, limits: Limits) -> Call:
        """The call in a frame, of the execution `seq`. Raises `OutOfTurn`."""
        if self.task is not None:
            raise OutOfTurn("a call out of turn")
        try:
            call = _call.decode(body)
            if len(call.request) > limits.call_request or self._count >= limits.calls:
                raise OutOfTurn("a call over the limits")
            require_readable(call.kind, call.request, limits.nesting)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            raise OutOfTurn("a call that cannot be read") from None
        step, ordinal = self._last
        known = 0 <= call.step < len(request.rules) and call.step not in request.left_out
        next_of_step = call.ordinal == (ordinal + 1 if call.step == step else 0)
        if call.seq != seq or not known or call.step < step or not next_of_step:
            raise OutOfTurn("a call of another execution or rule")
        self._count += 1
        self._waited = self.waited(call.step)
        self._last = call.step, call.ordinal
        self._since = time.monotonic()
        return call

    def end(self) -> None:
        self.task, self.replied = None, time.monotonic()
        self._waited += self.replied - self._since

    def cancel(self) -> None:
        if self.task is not None:
            self.task.cancel()
            self.task = None


_call = msgspec.json.Decoder(Call)


def reply(call: Call, answer: bytes) -> Reply:
    return Reply(call.seq, call.step, call.ordinal, answer)
