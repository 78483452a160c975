"""The pool: confined workers, each bound to one tenant, given jobs and watched from outside.

A worker may have several jobs queued in its channel. It answers them in order, so when it has to be killed only
the job at its head is touched: the others go to another worker as if nothing had happened.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections import deque
from collections.abc import Collection, Coroutine
from dataclasses import dataclass, field

import msgspec

from sandbox.brokering import NOBODY, Broker, OutOfTurn, reply
from sandbox.compiling import Compilers
from sandbox.limits import Limits
from sandbox.plain import nested_within
from sandbox.process import SandboxUnavailable, Worker, ZygoteProcess
from sandbox.progress import CALLING, COLLECTING, IDLE, RUNNING, Place
from sandbox.wire import Answer, Call, Compiled, Hello, Job, JobRule, Outline, frame, to_worker

log = logging.getLogger("claimsmith.sandbox")

BACKGROUND = " (background)"  # behind a tenant's key, which has no space
TICK = 0.010  # how often running workers are looked at
DEPTH = 8  # jobs in one worker's channel
STALLED = 0.020  # a head job that runs so long does not make those behind it wait any longer
FRESH = 0.002  # a worker whose head job is no older takes another behind it
SPARES = 1  # forked workers that wait for a tenant
SPARES_FOR_ONE = 4  # the same where each serves one execution only
PICK_UP = 5.0  # a worker that has not begun its head job by then is stuck
NEEDLESS = 5.0  # a worker beyond those that can be at work, idle for so long, goes
RUN_ELSEWHERE = "another worker runs its execution"
SETTLE = 0.5  # a worker that is not idle so long after its answer is stuck too
FALSE_START = (0.1, 5.0)  # before another try when a worker ends without having been of use: first, and longest
ZYGOTE_RETRY = 0.5
ZYGOTE_PATIENCE = 5.0  # for those who wait until another has started


_answer = msgspec.json.Decoder(Answer)


class Busy(Exception):
    """The job was not started: too many are waiting, or its deadline came first."""


class RuleCode(msgspec.Struct, frozen=True):
    digest: str
    code: bytes
    skip: bool


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One execution. `key` separates tenants; `deadline` is on the monotonic clock, in seconds. One in the
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
    seq: int
    request: Request
    future: asyncio.Future[Answer | Killed]
    attempts: int = 0
    copies: int = 1  # in the queue and with workers: one behind a slow one is given to another worker too
    caller: Worker | None = None  # the one that has made a call for it: from then on no other may run it


@dataclass(eq=False)
class Tenant:
    key: str
    queue: deque[Ticket] = field(default_factory=deque)
    workers: list[Worker] = field(default_factory=list)
    background: bool = False
    calling: int = 0  # workers that wait for a call
    shrinking: asyncio.TimerHandle | None = None  # while it has more workers than can be at work


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


class Pool:
    def __init__(
        self,
        limits: Limits,
        *,
        workers: int,
        workers_per_tenant: int,
        queue: int,
        calling_per_tenant: int = 64,
        background: int | None = None,
        unconfined_by: Collection[str] = (),
    ) -> None:
        """At most `workers` processes, of them `workers_per_tenant` at work for one tenant, and `calling_per_tenant`
        more that wait for calls, which takes memory and no processor; `queue` jobs wait per tenant. Beside them at most
        `background` more, one for each processor by default, for what no login waits for. `unconfined_by` names the
        layers of confinement that may be missing (`sandbox.layers`)."""
        self.limits = limits
        self._unconfined_by = unconfined_by
        self.counts = Counts()
        self._most = workers
        self._most_spares = SPARES if limits.recycle_executions > 1 else SPARES_FOR_ONE
        self._most_per_tenant = workers_per_tenant
        self._most_calling = calling_per_tenant
        self._most_in_background = background or os.cpu_count() or 1
        self._most_waiting = queue
        self._tenants: dict[str, Tenant] = {}
        self._homeless: dict[str, Tenant] = {}  # those that have waited for a worker without having one
        self._wanting: dict[str, Tenant] = {}  # those that want another worker in the background
        self._workers: set[Worker] = set()
        self._behind: set[Worker] = set()  # of them, those in the background
        self._spares: list[Worker] = []
        self._zygote: ZygoteProcess | None = None
        self._seq = 0
        self._watching: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._starting_zygote = False
        self._ready = asyncio.Event()  # while a zygote lives
        self._refilling = False
        self._false_starts = 0  # since a worker was last of use
        self._compilers = Compilers(limits, self.greeting, self._living)
        self._closed = False

    # Life

    async def start(self) -> Hello:
        """Start the zygote and a first worker. Raises `SandboxUnavailable`."""
        self._zygote = ZygoteProcess(self.limits, self._zygote_ended, self._unconfined_by)
        hello = await self._zygote.start()
        self.counts.zygote_starts += 1
        self._ready.set()
        self._background(self._refill())
        return hello

    async def greeting(self) -> Hello:
        """What the living zygote reported. Waits while another is started; raises `SandboxUnavailable` when
        that takes too long."""
        try:
            async with asyncio.timeout(ZYGOTE_PATIENCE):
                while (hello := self.hello) is None:
                    await self._ready.wait()
        except TimeoutError:
            raise SandboxUnavailable("the sandbox is starting") from None
        return hello

    @property
    def hello(self) -> Hello | None:
        """What the living zygote reported; None while there is none."""
        return self._zygote.hello if self._zygote is not None and self._zygote.alive else None

    def _living(self) -> ZygoteProcess | None:
        zygote = self._zygote
        return zygote if not self._closed and zygote is not None and zygote.alive else None

    async def compile(self, source: str, *, stored: bool = False) -> Compiled:
        """See `Compilers.compile`."""
        self.counts.compiles += 1
        return await self._compilers.compile(source, stored=stored)

    async def outline(self, source: str) -> Outline:
        """See `Compilers.outline`."""
        return await self._compilers.outline(source)

    @property
    def processes(self) -> list[int]:
        """The process ids of the zygote and the workers."""
        pids = [worker.pid for worker in (*self._workers, *self._compilers.children)]
        if self._zygote is not None:
            pids.append(self._zygote.pid)
        return [pid for pid in pids if pid is not None]

    @property
    def busy(self) -> int:
        return sum(1 for worker in self._workers if worker.in_flight)

    @property
    def calling(self) -> int:
        return sum(tenant.calling for tenant in self._tenants.values())

    @property
    def waiting(self) -> int:
        return sum(len(tenant.queue) for tenant in self._tenants.values())

    async def close(self) -> None:
        """End every process. Executions that still run are refused."""
        self._closed = True
        self._ready.clear()
        if self._watching is not None:
            self._watching.cancel()
        for tenant in self._tenants.values():
            if tenant.shrinking is not None:
                tenant.shrinking.cancel()
            for ticket in [*tenant.queue, *(t for w in tenant.workers for t in w.in_flight)]:
                self._refuse(ticket, "the service is stopping")
        for worker in (*self._workers, *self._compilers.children):
            worker.kill()
        if self._zygote is not None:
            await self._zygote.stop()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        while self._workers or self._compilers.children:  # noqa: ASYNC110  each ends by itself, within a millisecond
            await asyncio.sleep(0.001)

    # Executions

    async def run(self, request: Request) -> Answer | Killed:
        """Run one execution in a worker of its tenant.

        Raises `Busy` when it was not started. A worker that dies by no limit of ours is replaced and the
        execution run again, once: rules have no effects outside until they have answered.
        """
        if self._closed:
            raise Busy("the service is stopping")
        background = request.background or request.traced
        key = request.key + BACKGROUND if background else request.key
        tenant = self._tenants.get(key)
        if tenant is None:
            tenant = self._tenants[key] = Tenant(key, background=background)
        if len(tenant.queue) >= self._most_waiting:
            self.counts.refused_busy += 1
            raise Busy(f"too many {'executions' if background else 'logins'} of this tenant are waiting")
        self._seq += 1
        ticket = Ticket(self._seq, request, asyncio.get_running_loop().create_future())
        tenant.queue.append(ticket)
        self._pump(tenant)
        self._watch()
        return await ticket.future

    def _pump(self, tenant: Tenant) -> None:
        """Send what waits to workers that can take it, starting workers as far as the bounds allow."""
        while tenant.queue:
            if tenant.queue[0].future.done() or tenant.queue[0].caller is not None:
                tenant.queue.popleft().copies -= 1
                continue
            worker = self._choose(tenant)
            if worker is None:
                return
            self._send(worker, tenant.queue.popleft())

    def _choose(self, tenant: Tenant) -> Worker | None:
        """The first worker that is at work and will soon be free again, since to wake another one costs as much as an
        execution; else an idle one, a new one, or the one with the least to do.

        Where executions wait for calls, each has a worker of its own: what was sent behind one would be taken back at
        its call and sent again, and so on. Behind one that has made a call goes nothing: it may make another."""
        idle = least = None
        fresh = time.monotonic() - FRESH
        at_work = 0
        depth = 1 if tenant.calling else DEPTH
        for worker in tenant.workers:
            count = len(worker.in_flight)
            if worker.calling.going_on:
                continue
            at_work += bool(count)
            room = min(depth, self.limits.recycle_executions - worker.executions)
            if worker.retiring or worker.calling.made or count >= room:
                continue
            if not count:
                idle = idle or worker
            elif worker.head_since > fresh:
                return worker
            elif least is None or count < len(least.in_flight):
                least = worker
        most = self._most_in_background if tenant.background else self._most_per_tenant
        if at_work >= most:
            return least  # as many wait for calls beside them, and will go on
        if idle is not None:
            return idle
        if tenant.background:
            if len(tenant.workers) < self._most_in_background:
                self._want(tenant)
        elif len(tenant.workers) < most or self._may_have_more(tenant, at_work):
            if self._spares:
                worker = self._spares.pop()
                self._bind(worker, tenant)
                self._background(self._refill())
                return worker
            if not self._has_room():
                self._make_room(self._workers - self._behind)
            if not tenant.workers:
                # Nothing else can take the job: it goes out when the worker is there.
                self._homeless[tenant.key] = tenant
                self._background(self._refill())
                return None
            self._background(self._refill())
            if tenant.calling and self._has_room() and self._living() is not None:
                return None
        return least

    def _may_have_more(self, tenant: Tenant, at_work: int) -> bool:
        """Whether a tenant may have a worker more than can be at work, since others of it wait for calls. As many
        places as one tenant's work takes are never for that: else a slow host would keep out all other tenants."""
        if len(tenant.workers) >= self._most_per_tenant + self._most_calling:
            return False
        return self.calling + at_work < self._most - self._most_per_tenant

    def _bind(self, worker: Worker, tenant: Tenant) -> None:
        """For the rest of its life the worker is this tenant's."""
        worker.key = tenant.key
        tenant.workers.append(worker)
        self._homeless.pop(tenant.key, None)
        self._wanting.pop(tenant.key, None)
        if tenant.background:
            self._behind.add(worker)
            worker.step_back()

    def _want(self, tenant: Tenant) -> None:
        """Ask for one more worker in the background. It is started for this: the spares are for logins."""
        self._wanting[tenant.key] = tenant
        if self._has_room(behind=True):
            self._background(self._refill())
        elif not tenant.workers:
            self._make_room(self._behind)

    def _has_room(self, *, behind: bool = False) -> bool:
        """Whether another worker may be started, for logins or in the background: neither takes the other's places."""
        count = len(self._behind)
        return count < self._most_in_background if behind else len(self._workers) - count < self._most

    def _send(self, worker: Worker, ticket: Ticket) -> None:
        request = ticket.request
        if request.rules is not worker.rules:
            rules = tuple(
                JobRule(rule.digest, b"" if rule.digest in worker.loaded else rule.code, rule.skip)
                for rule in request.rules
            )
            worker.loaded.update(rule.digest for rule in rules)
            worker.rules = request.rules
            worker.named = tuple(JobRule(rule.digest, b"", rule.skip) for rule in rules)
        else:
            rules = worker.named  # as in the job before, all of which it has
        job = Job(
            ticket.seq,
            request.user,
            request.context,
            rules,
            request.maps,
            request.returns,
            request.clock,
            request.seed,
            request.left_out,
            request.traced,
            request.configuration,
        )
        if not worker.in_flight:
            worker.head_since = time.monotonic()
        worker.in_flight.append(ticket)
        worker.send(frame(to_worker.encode(job)))

    def _received(self, worker: Worker, body: bytes) -> None:
        if body[:1] == b"[":
            self._called(worker, body)
        else:
            self._answered(worker, body)

    def _called(self, worker: Worker, body: bytes) -> None:
        """A rule asks for something outside. What was queued behind it goes elsewhere: it may wait for long."""
        if worker.doomed:
            return  # nobody waits for it any more, and its execution may be run again
        head = worker.in_flight[0] if worker.in_flight else None
        try:
            if head is None:
                raise OutOfTurn("a call without a job")
            if worker.calling.made and not worker.has_read:
                raise OutOfTurn("a call before it has read the last answer")  # they would pile up here
            call = worker.calling.take(body, head.seq, head.request, self.limits)
        except OutOfTurn as error:
            worker.garbled(str(error))
            return
        assert worker.key is not None, "it has had a job"
        if head.future.done() or head.caller not in (None, worker):
            worker.kill(RUN_ELSEWHERE)  # its answer would come too late, and its calls were made
            return
        head.caller = worker
        worker.calling.task = self._background(self._broker(worker, head.request.broker, call))
        tenant = self._tenants[worker.key]
        tenant.calling += 1
        behind = list(worker.in_flight)[1:]
        while len(worker.in_flight) > 1:
            worker.in_flight.pop()
        self._hand_back(behind, tenant)
        self._pump(tenant)
        self._watch()

    async def _broker(self, worker: Worker, broker: Broker, call: Call) -> None:
        try:
            answer = await broker.answer(call)
        except asyncio.CancelledError:
            worker.kill("a call was given up")
            raise
        except Exception:
            log.exception("a call could not be answered")
            worker.kill("a call could not be answered")
            return
        if not worker.ended and worker.key is not None:
            worker.calling.end()
            self._tenants[worker.key].calling -= 1
            worker.head_since = time.monotonic()  # what is queued behind it from now on has not waited for it before
            worker.send(frame(to_worker.encode(reply(call, answer))))

    def _hand_back(self, tickets: list[Ticket], tenant: Tenant) -> None:
        """What its worker will not run waits for another, unless that has it already."""
        for ticket in reversed(tickets):
            ticket.copies -= 1
            if not ticket.copies:
                ticket.copies = 1
                tenant.queue.appendleft(ticket)

    def _answered(self, worker: Worker, body: bytes) -> None:
        if worker.calling.going_on:
            worker.garbled("an answer while it waits for a call")
            return
        try:
            answer = _answer.decode(body)
            # Those who read it may recurse; how deep the decoder goes depends on the version of Python.
            nesting = self.limits.nesting
            brackets = body.count(b"{") + body.count(b"[")  # no more are no deeper
            if brackets > nesting and not nested_within([answer.returns, answer.updates], nesting + 2):
                raise RecursionError
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            worker.garbled("an answer that cannot be read")
            return
        if not worker.in_flight or answer.seq != worker.in_flight[0].seq:
            worker.garbled("an answer to another job")
            return
        ticket = worker.in_flight.popleft()
        self.counts.executions += 1
        self._false_starts = 0
        worker.executions += 1
        worker.head_since = worker.idle_since = time.monotonic()
        worker.asked = None
        worker.calling.begin()
        if ticket.caller not in (None, worker):
            ticket.copies -= 1  # another has made its calls: what this one has found without them does not count
        elif not ticket.future.done():
            ticket.future.set_result(answer)
        if answer.tired or worker.executions >= self.limits.recycle_executions or self._starving(worker):
            worker.retiring = True
        if worker.retiring and not worker.in_flight:
            self.counts.workers_recycled += 1
            worker.kill()
        if worker.key is not None:
            tenant = self._tenants[worker.key]
            if tenant.queue:
                self._pump(tenant)
            elif len(tenant.workers) > self._most_per_tenant and not (tenant.background or tenant.shrinking):
                tenant.shrinking = asyncio.get_running_loop().call_later(NEEDLESS, self._shrink, tenant)
        self._watch()

    def _shrink(self, tenant: Tenant) -> None:
        """End the workers that a tenant has had for its calls, once they have nothing to do."""
        tenant.shrinking = None
        if self._closed or self._tenants.get(tenant.key) is not tenant:
            return
        long_ago = time.monotonic() - NEEDLESS
        more = len(tenant.workers) - self._most_per_tenant
        idle = [worker for worker in tenant.workers if not worker.in_flight and worker.idle_since <= long_ago]
        for worker in idle[: max(more, 0)]:
            self.counts.workers_recycled += 1
            worker.kill()
        if more > len(idle):
            tenant.shrinking = asyncio.get_running_loop().call_later(NEEDLESS, self._shrink, tenant)

    def _starving(self, worker: Worker) -> bool:
        """Whether a tenant without a worker waits for a place such as this one has, and there is no room for it."""
        behind = worker in self._behind
        waiting = self._wanting if behind else self._homeless
        if not waiting or (self._spares and not behind) or self._has_room(behind=behind):
            return False
        return any(tenant.queue and not tenant.workers for tenant in waiting.values())

    # Ends

    def _ended(self, worker: Worker) -> None:
        """The process is gone: answer or move what it had."""
        self._workers.discard(worker)
        self._behind.discard(worker)
        if worker in self._spares:
            self._spares.remove(worker)
        tenant = self._tenants.get(worker.key) if worker.key is not None else None
        if tenant is not None:
            tenant.workers.remove(worker)
            if worker.late is not None:
                self.counts.workers_killed += 1
                log.warning("a worker was ended: %s", worker.late)
            elif worker.in_flight:
                self.counts.workers_died += 1
            self._settle(worker, tenant)
            if worker.calling.going_on:
                tenant.calling -= 1
                worker.calling.cancel()
            if not self._closed:
                self._pump(tenant)
                if not tenant.queue and not tenant.workers:
                    self._forget(tenant)
        if not self._closed:
            useless = worker.executions == 0 and worker.late is None and not worker.retiring
            # One that never had a job cannot have been ended by a rule: the next may end the same way.
            pause = (self._false_start() if worker.key is None else FALSE_START[0]) if useless else 0.0
            self._background(self._refill(pause))

    def _forget(self, tenant: Tenant) -> None:
        del self._tenants[tenant.key]
        self._homeless.pop(tenant.key, None)
        self._wanting.pop(tenant.key, None)

    def _false_start(self) -> float:
        """How long to wait after a worker that was of no use."""
        first, longest = FALSE_START
        self._false_starts += 1
        if self._false_starts >= 5:
            log.error("workers end before they are of use: %d in a row", self._false_starts)
        return min(first * 2.0 ** min(self._false_starts - 1, 10), longest)

    def _settle(self, worker: Worker, tenant: Tenant) -> None:
        tickets = list(worker.in_flight)
        worker.in_flight.clear()
        if not tickets:
            return
        head = tickets[0]
        assert worker.progress is not None, "closed after this"
        place = worker.progress.place()
        running = place.seq == head.seq and place.phase in (RUNNING, CALLING)
        begun = running or worker.calling.made
        # What an earlier job left behind may have ended it; a worker that had none has nobody else to blame.
        earlier = worker.executions > 0 and (worker.late == "late finalisers" or place.phase == COLLECTING)
        if head.caller is worker:
            head.caller = None
        if head.caller is not None or head.future.done():
            tickets.pop(0).copies -= 1
        elif worker.late == "deadline" and not begun:
            tickets.pop(0)
            self._refuse(head, "the deadline came before a worker was free")
        elif worker.late != RUN_ELSEWHERE and (begun or not earlier):  # else the other has died meanwhile
            step = place.step if running and 0 <= place.step < len(head.request.rules) else None
            if self._may_run_again(worker, head, begun):
                self.counts.retries += 1
            else:
                tickets.pop(0)
                if not head.future.done():
                    head.future.set_result(
                        Killed(
                            step=step,
                            cause=worker.late if worker.late in ("time", "deadline") else "died",
                            line=worker.line,
                            seconds=_took(worker, place),
                            journal=worker.progress.journal(),
                        )
                    )
        if self._closed:
            for ticket in tickets:
                self._refuse(ticket, "the service is stopping")
        else:
            self._hand_back(tickets, tenant)

    def _may_run_again(self, worker: Worker, head: Ticket, begun: bool) -> bool:
        """The job may be what ends workers, so its tries are counted; one that has not begun is less suspect, and one
        whose worker died with the zygote is not at all."""
        if worker.late in ("time", "deadline") or (begun and head.request.broker.changes):
            return False
        if worker.late is not None or self._zygote is None or not self._zygote.ended:
            head.attempts += 1
        return head.attempts <= (1 if begun else 3)

    def _refuse(self, ticket: Ticket, why: str) -> None:
        if not ticket.future.done():
            self.counts.refused_busy += 1
            ticket.future.set_exception(Busy(why))

    # Watching

    def _watch(self, once_more: bool = False) -> None:
        if self._watching is None and not self._closed:
            due = time.monotonic() + TICK
            self._watching = asyncio.get_running_loop().call_later(TICK, self._look, due, once_more)

    def _look(self, due: float, once_more: bool) -> None:
        """Kill what runs over a limit; refuse what waits over its deadline."""
        self._watching = None
        now = time.monotonic()
        if now > due + TICK and not once_more:
            # This process has stood still, and what workers have answered meanwhile is read after its timers.
            self._watch(once_more=True)
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
                    worker.kill("late finalisers")
        for tenant in list(self._tenants.values()):
            for ticket in tenant.queue:
                again = True
                if now >= ticket.request.deadline and ticket.caller is None:
                    self._refuse(ticket, "the deadline came before a worker was free")
            self._pump(tenant)
            if not tenant.queue and not tenant.workers:
                self._forget(tenant)
        if again:
            self._watch()

    def _look_at(self, worker: Worker, now: float) -> None:
        head = worker.in_flight[0]
        assert worker.progress is not None, "a worker in the set lives"
        place = worker.progress.place()
        settled = self.limits.idle_time + self.limits.kill_grace
        if worker.calling.going_on:
            end, why = head.request.deadline, "deadline"
        elif place.seq == head.seq and place.phase == RUNNING:
            extra = self.limits.tracing_time if head.request.traced else 0.0
            end, why = place.started + self.limits.rule_time + extra + self.limits.kill_grace, "time"
        elif place.seq == head.seq and place.phase == CALLING:
            # Its call has not come yet, or it has not taken up the reply: where many do at once, that takes its time.
            end, why = max(place.started, worker.calling.replied) + PICK_UP, "stuck"
        elif place.seq == head.seq:
            # It says that it has answered, and has not.
            end, why = place.started + settled, "out of step"
        elif place.phase == COLLECTING:
            end, why = place.started + settled, "late finalisers"
        elif place.phase == RUNNING:
            end, why = worker.head_since + SETTLE, "late finalisers"
        else:
            end, why = worker.head_since + PICK_UP, "stuck"
        # A worker that lies about its place gains nothing: the deadline is ours.
        end, why = min((end, why), (head.request.deadline, "deadline"))
        grace = self.limits.kill_grace
        if now >= end - grace / 2 and why in ("time", "deadline") and worker.asked is None:
            worker.ask_where()
        elif now >= end and (worker.asked is None or worker.has_told() or now >= worker.asked + grace):
            # Where the machine is so busy that it could not say yet, it has a little longer.
            worker.kill(why)
        behind = [ticket for ticket in worker.in_flight if ticket is not head and not ticket.future.done()]
        for ticket in behind:
            if now >= ticket.request.deadline:
                self._refuse(ticket, "the deadline came before a worker was free")
        if now >= worker.head_since + STALLED and worker.key is not None:
            # Rules have no effects outside, so that the first of two answers is as good as the only one.
            lent = [ticket for ticket in behind if ticket.copies == 1]
            for ticket in lent:
                ticket.copies += 1
            self._tenants[worker.key].queue.extend(lent)

    # Processes

    def _make_room(self, workers: Collection[Worker]) -> None:
        """End the one of another tenant that has been idle longest."""
        idle = [worker for worker in workers if worker.key is not None and not worker.in_flight]
        if idle:
            min(idle, key=lambda worker: worker.idle_since).kill()

    def _next_behind(self) -> Tenant | None:
        """Who gets the next worker in the background: whoever has fewest."""
        for key in [key for key, tenant in self._wanting.items() if not _is_at_work(tenant)]:
            del self._wanting[key]
        return min(self._wanting.values(), key=lambda tenant: len(tenant.workers), default=None)

    async def _refill(self, after: float = 0.0) -> None:
        """Keep spares ready, and give them to tenants that have no worker; when there are enough, start what is wanted
        in the background. One at a time, to keep the bounds."""
        if after:
            await asyncio.sleep(after)
        if self._refilling:
            return
        self._refilling = True
        try:
            while not self._closed:
                spare = len(self._spares) < self._most_spares and self._has_room()
                if not spare and not (self._has_room(behind=True) and self._next_behind() is not None):
                    return
                zygote = self._zygote
                if zygote is None or not zygote.alive:
                    return
                # One that somebody waits for does not warm up first.
                awaited = not spare or any(tenant.queue and not tenant.background for tenant in self._tenants.values())
                kind = "worker" if awaited else "spare"
                worker = await Worker.start(zygote, kind, self._received, self._ended, self.limits.answer)
                self.counts.workers_started += 1
                if worker.ended:
                    await asyncio.sleep(self._false_start())
                    continue
                self._workers.add(worker)
                if spare:
                    self._spares.append(worker)
                elif (tenant := self._next_behind()) is not None:
                    self._bind(worker, tenant)
                    self._pump(tenant)  # before another finds it idle
                else:
                    worker.kill()  # who wanted it has been answered meanwhile
                for tenant in sorted(self._tenants.values(), key=lambda tenant: len(tenant.workers)):
                    if tenant.queue:
                        self._pump(tenant)
        except (SandboxUnavailable, OSError) as error:
            log.warning("no worker could be started: %s", error)
        finally:
            self._refilling = False

    def _zygote_ended(self, zygote: ZygoteProcess) -> None:
        self._ready.clear()
        if not self._closed and not self._starting_zygote:
            log.warning("the zygote has ended: starting another")
            self._starting_zygote = True
            self._background(self._restart_zygote(zygote))

    async def _restart_zygote(self, old: ZygoteProcess) -> None:
        await old.stop()
        while not self._closed:
            zygote = ZygoteProcess(self.limits, self._zygote_ended, self._unconfined_by)
            try:
                await zygote.start()
            except (SandboxUnavailable, OSError) as error:
                log.error("the zygote does not start: %s", error)
                await asyncio.sleep(ZYGOTE_RETRY)
                continue
            self._zygote = zygote
            self._starting_zygote = False
            self._ready.set()
            self.counts.zygote_starts += 1
            await self._refill()
            return

    def _background(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _took(worker: Worker, place: Place) -> float:
    """Seconds of the step that a worker was in, with its calls; a worker may say anything."""
    return min(max(time.monotonic() - place.started + worker.calling.waited(place.step), 0.0), 60.0)


def _phase(worker: Worker) -> int:
    return worker.progress.place().phase if worker.progress is not None else IDLE


def _is_at_work(tenant: Tenant) -> bool:
    return bool(tenant.queue) or any(worker.in_flight for worker in tenant.workers)
