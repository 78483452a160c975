"""Calls, inside the worker: a rule asks the service for something outside, and waits.

While it waits its time stands still; the execution's deadline goes on. What is wrong with the exchange itself ends the
process: a channel that was left in the middle of a frame can answer nothing any more.
"""

from __future__ import annotations

import os
import socket
from typing import Protocol

import msgspec

from sandbox.limits import Limits
from sandbox.memory import require_room
from sandbox.progress import Progress
from sandbox.recorder import Recorder, rule_line
from sandbox.timer import TimeLimit, Timer
from sandbox.wire import Call, CallKind, Job, JobRule, Reply, frame, from_service, to_service

DEPTH = 20  # calls of ours, from here on
COPIES = 3  # of an answer's text, while it is read
ESCAPED = 6  # bytes of text for one of the body: `\u0001`
SPARE = 1024 * 1024  # bytes: an answer's headers, in each copy


class Frames(Protocol):
    def next(self) -> bytes | None: ...


class Caller:
    """The calls of one worker: one at a time, each answered before the rule goes on."""

    def __init__(
        self, channel: socket.socket, frames: Frames, limits: Limits, progress: Progress, timer: Timer
    ) -> None:
        self._channel = channel
        self._frames = frames
        self._limits = limits
        self._progress = progress
        self._timer = timer
        self._seq = 0
        self._code: list[JobRule] = []
        self.count = 0  # of the execution
        self.waited = 0  # nanoseconds of the execution

    def begin(self, seq: int) -> None:
        self._seq, self.count, self.waited = seq, 0, 0

    def taken_back(self) -> list[JobRule]:
        """The code that has come, for good, with jobs that are another worker's now. Nothing else of them is kept: they
        are other people's logins."""
        code, self._code = self._code, []
        return code

    def ask(self, step: int, ordinal: int, kind: CallKind, request: bytes, line: int) -> bytes:
        """The answer to a call, as JSON text."""
        text = frame(to_service.encode(Call(self._seq, step, ordinal, kind, line, msgspec.Raw(request))))
        if self._timer.rang:
            raise TimeLimit  # a finaliser has swallowed it
        # What there would be too little of for the answer is said now, where the rule can be told.
        _deeper(DEPTH)
        require_room(COPIES * (ESCAPED * self._limits.call_answer + SPARE))
        left = self._timer.pause()
        self.count += 1
        try:
            self._progress.call()
            self._channel.sendall(text)
            reply = self._reply()
            if (reply.seq, reply.step, reply.ordinal) != (self._seq, step, ordinal):
                os._exit(1)
            self.waited += self._progress.go_on()
        except BaseException:
            os._exit(1)
        self._timer.go_on(left)
        return reply.answer

    def _reply(self) -> Reply:
        while (body := self._frames.next()) is not None:
            message = from_service.decode(body)
            if isinstance(message, Reply):
                return message
            if isinstance(message, Job):
                self._code += [rule for rule in message.rules if rule.code]
        os._exit(0)


def _deeper(levels: int) -> None:
    if levels:
        _deeper(levels - 1)


class Calls:
    """The calls of one step."""

    def __init__(self, recorder: Recorder, caller: Caller | None, limits: Limits) -> None:
        self._recorder = recorder
        self._caller = caller
        self._limits = limits
        self._count = 0

    def ask(self, kind: CallKind, request: msgspec.Struct) -> bytes:
        """The answer, as JSON text. Ends the rule that makes too many calls; raises `ValueError` for a request that is
        too long, and in what the rule does after its end."""
        self._recorder.check_open()
        caller, limits = self._caller, self._limits
        if caller is None:
            raise RuntimeError("there is nobody here to make calls")
        if caller.count >= limits.calls:
            self._recorder.journal.exceed("too_many_calls", f"more than {limits.calls} calls in one execution")
        text = to_service.encode(request)
        if len(text) > limits.call_request:
            raise ValueError(f"the call has {len(text)} bytes: the limit is {limits.call_request}")
        answer = caller.ask(self._recorder.step, self._count, kind, text, rule_line())
        self._count += 1  # not of one that was never sent
        return answer

    def warn(self, text: str) -> None:
        """A line of ours in the trace, about a call of the rule."""
        self._recorder.journal.log(self._recorder.step, "warning", text, rule_line())
