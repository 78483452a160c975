"""One execution on its way through the pool: what is asked for, who waits for it, and how it can end."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from sandbox.brokering import NOBODY, Broker
from sandbox.durations import Durations
from sandbox.wire import Answer

if TYPE_CHECKING:
    from sandbox.process import Worker

TOO_LATE = "the deadline came before a worker was free"
STOPPING = "the service is stopping"


class Busy(Exception):
    """The job was not started: too many are waiting, or its deadline came first."""


class RuleCode(msgspec.Struct, frozen=True):
    digest: str
    code: bytes
    skip: bool


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One execution. `key` separates tenants; `deadline` is on the monotonic clock, in seconds, and so is `until`: then
    it ends with what is seen of it, whether its worker has been ended or not. One in the
    `background` never takes a login's worker: it has its own, of a lower priority. So has a `traced` one, which is
    given more time, and answers with a timeline. `configuration` is a JSON object of the operator's values; `broker`
    answers what rules ask of the outside."""

    key: str
    user: bytes
    context: bytes
    rules: tuple[RuleCode, ...]
    maps: tuple[str, ...]
    returns: tuple[str, ...]
    clock: int
    seed: bytes
    deadline: float
    until: float | None = None
    left_out: tuple[int, ...] = ()
    background: bool = False
    traced: bool = False
    configuration: bytes = b"{}"
    broker: Broker = NOBODY


class Killed(msgspec.Struct, frozen=True, kw_only=True):
    """The worker ended in the middle of a rule. `step` is None when it cannot be told in which."""

    step: int | None
    cause: str  # "time", "deadline" or "died"
    line: int | None
    seconds: float
    journal: bytes  # hostile text


class Ticket(msgspec.Struct, eq=False):
    """An execution that somebody waits for."""

    seq: int
    request: Request
    future: asyncio.Future[Answer | Killed]
    came: float  # on the monotonic clock
    begun: float = 0.0  # the last time that it was at the head of a worker's channel
    attempts: int = 0
    copies: int = 1  # in the queue and with workers: one behind a slow one is given to another worker too
    caller: Worker | None = None  # the one that has made a call for it: from then on no other may run it

    @property
    def done(self) -> bool:
        return self.future.done()

    @property
    def is_waiting(self) -> bool:
        """Whether it may still be given to a worker: it has not ended, and none has made a call for it."""
        return self.caller is None and not self.future.done()

    def end(self, result: Answer | Killed) -> None:
        """The first end is the one that counts."""
        if not self.future.done():
            self.future.set_result(result)

    def refuse(self, why: str) -> bool:
        """Whether it has not ended before."""
        if self.future.done():
            return False
        self.future.set_exception(Busy(why))
        return True


@dataclass
class Counts:
    """What happened since the start, for metrics."""

    executions: int = 0
    workers_started: int = 0
    workers_recycled: int = 0
    workers_killed: int = 0
    workers_died: int = 0
    zygote_starts: int = 0
    compiles: int = 0
    retries: int = 0
    refused_busy: int = 0
    waits: Durations = field(default_factory=Durations)  # for a worker, but in the background
