"""Workers looked at from outside: what runs over a limit is killed, what waits over its deadline is refused."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from sandbox.ends import LATE_FINALISERS
from sandbox.executions import TOO_LATE, Counts
from sandbox.limits import Limits
from sandbox.process import Worker
from sandbox.progress import CALLING, COLLECTING, IDLE, RUNNING
from sandbox.tenants import Tenant, Tenants
from sandbox.workers import Workers

TICK = 0.010  # how often running workers are looked at
STALLED = 0.020  # a head job that runs so long does not make those behind it wait any longer
PICK_UP = 5.0  # a worker that has not begun its head job by then, or does not go on behind a call, is stuck
SETTLE = 0.5  # a worker that is not idle so long after its answer is stuck too


class Watch:
    """Looks while there is anything to look at. No report of a worker moves the deadline of its job."""

    def __init__(
        self, limits: Limits, tenants: Tenants, workers: Workers, counts: Counts, pump: Callable[[Tenant], None]
    ) -> None:
        self._limits = limits
        self._tenants = tenants
        self._workers = workers
        self._counts = counts
        self._pump = pump
        self._next: asyncio.TimerHandle | None = None

    def go_on(self, once_more: bool = False) -> None:
        """Something runs, or waits."""
        if self._next is None and not self._workers.closed:
            due = time.monotonic() + TICK
            self._next = asyncio.get_running_loop().call_later(TICK, self._look, due, once_more)

    def stop(self) -> None:
        if self._next is not None:
            self._next.cancel()

    def _look(self, due: float, once_more: bool) -> None:
        self._next = None
        now = time.monotonic()
        if now > due + TICK and not once_more:
            # This process has stood still, and what workers have answered meanwhile is read after its timers.
            self.go_on(once_more=True)
            return
        again = False
        for worker in list(self._workers):
            if worker.in_flight:
                again = True
                self._look_at(worker, now)
            elif not worker.retiring and worker.executions and _phase(worker) != IDLE:
                # Nobody waits for it, but what hangs there burns a processor.
                again = True
                if now >= worker.idle_since + SETTLE:
                    worker.kill(LATE_FINALISERS)
        for tenant in list(self._tenants.values()):
            for ticket in tenant.queue:
                again = True
                if now >= ticket.request.deadline and ticket.is_waiting:
                    self._counts.refused_busy += ticket.refuse(TOO_LATE)
            self._pump(tenant)
            self._tenants.forget_if_gone(tenant)
        if again:
            self.go_on()

    def _look_at(self, worker: Worker, now: float) -> None:
        end, why = self._due(worker)
        grace = self._limits.kill_grace
        if now >= end - grace / 2 and why in ("time", "deadline") and worker.asked is None:
            worker.ask_where()
        elif now >= end and (worker.asked is None or worker.has_told() or now >= worker.asked + grace):
            # Where the machine is so busy that it could not say yet, it has a little longer.
            worker.kill(why)
        head = worker.in_flight[0]
        behind = [ticket for ticket in worker.in_flight if ticket is not head and ticket.is_waiting]
        for ticket in behind:
            if now >= ticket.request.deadline:
                self._counts.refused_busy += ticket.refuse(TOO_LATE)
        if now >= worker.head_since + STALLED and worker.key is not None:
            self._tenants[worker.key].lend(behind)

    def _due(self, worker: Worker) -> tuple[float, str]:
        """When it is killed, and why. A worker that lies about its place gains nothing: the deadline is ours."""
        limits, head = self._limits, worker.in_flight[0]
        deadline = head.request.deadline, "deadline"
        if worker.calling.going_on:
            return deadline
        assert worker.progress is not None, "a worker in the set lives"
        place = worker.progress.place()
        settled = limits.idle_time + limits.kill_grace
        if place.seq == head.seq and place.phase == RUNNING:
            extra = limits.tracing_time if head.request.traced else 0.0
            late = place.started + limits.rule_time + extra + limits.kill_grace, "time"
        elif place.seq == head.seq and place.phase == CALLING:
            # Its call has not come yet, or it has not taken up the reply: where many do at once, that takes its time.
            late = max(place.started, worker.calling.replied) + PICK_UP, "stuck"
        elif place.seq == head.seq:
            # It says that it has answered, and has not.
            late = place.started + settled, "out of step"
        elif place.phase == COLLECTING:
            late = place.started + settled, LATE_FINALISERS
        elif place.phase == RUNNING:
            late = worker.head_since + SETTLE, LATE_FINALISERS
        else:
            late = worker.head_since + PICK_UP, "stuck"
        return min(late, deadline)


def _phase(worker: Worker) -> int:
    return worker.progress.place().phase if worker.progress is not None else IDLE
