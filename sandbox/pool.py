"""The pool: confined workers, each bound to one tenant, given jobs and watched from outside.

A worker may have several jobs queued in its channel. It answers them in order, so when it has to be killed only
the job at its head is touched: the others go to another worker as if nothing had happened.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Collection, Mapping

import msgspec

from sandbox.brokering import Broker, OutOfTurn, reply
from sandbox.compiling import NO_MODULES, Compilers
from sandbox.ends import RUN_ELSEWHERE, seen, settle
from sandbox.executions import STOPPING, TOO_LATE, Busy, Counts, Killed, Request, RuleCode, Ticket
from sandbox.limits import Limits
from sandbox.places import Places
from sandbox.plain import nested_within
from sandbox.process import Worker
from sandbox.processors import processors
from sandbox.tenants import Tenant, Tenants
from sandbox.watch import TICK, Watch
from sandbox.wire import Answer, Call, Compiled, Hello, Outline, frame, to_worker
from sandbox.workers import Workers

__all__ = ["Busy", "Counts", "Killed", "Pool", "Request", "RuleCode"]

log = logging.getLogger("claimsmith.sandbox")

_answer = msgspec.json.Decoder(Answer)


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
        self.most_workers = workers
        self.counts = Counts()
        self._most_waiting = queue
        self._seq = 0
        self._tenants = Tenants()
        self._workers = Workers(
            limits,
            self.counts,
            self._tenants,
            most=workers,
            most_in_background=background or processors(),
            unconfined_by=unconfined_by,
            received=self._received,
            ended=self._ended,
            come=self._pump,
        )
        self._places = Places(
            self._tenants,
            self._workers,
            self.counts,
            most=workers,
            most_per_tenant=workers_per_tenant,
            most_calling=calling_per_tenant,
            most_executions=limits.recycle_executions,
        )
        self._watch = Watch(limits, self._tenants, self._workers, self.counts, self._pump)
        self._compilers = Compilers(limits, self._workers.greeting, self._workers.living)

    # Life

    async def start(self) -> Hello:
        """Start the zygote and a first worker. Raises `SandboxUnavailable`."""
        return await self._workers.start()

    async def greeting(self) -> Hello:
        """What the living zygote reported. Waits while another is started; raises `SandboxUnavailable` when
        that takes too long."""
        return await self._workers.greeting()

    @property
    def hello(self) -> Hello | None:
        """What the living zygote reported; None while there is none."""
        return self._workers.hello

    @property
    def processes(self) -> list[int]:
        """The process ids of the zygote and the workers."""
        pids = [worker.pid for worker in (*self._workers, *self._compilers.children)]
        if self._workers.zygote is not None:
            pids.append(self._workers.zygote.pid)
        return [pid for pid in pids if pid is not None]

    @property
    def busy(self) -> int:
        return sum(1 for worker in self._workers if worker.in_flight)

    @property
    def workers(self) -> int:
        return len(self._workers)

    @property
    def calling(self) -> int:
        return self._places.calling

    @property
    def waiting(self) -> int:
        return sum(len(tenant.queue) for tenant in self._tenants.values())

    async def close(self) -> None:
        """End every process. Executions that still run are refused."""
        self._workers.close()
        self._compilers.close()
        self._watch.stop()
        for tenant in self._tenants.values():
            if tenant.shrinking is not None:
                tenant.shrinking.cancel()
            self._refuse([*tenant.queue, *(ticket for worker in tenant.workers for ticket in worker.in_flight)])
        await self._workers.closing()
        await self._compilers.closing()

    # Scripts

    async def compile(
        self, source: str, *, modules: Mapping[str, str] = NO_MODULES, module: str = "", stored: bool = False
    ) -> Compiled:
        """See `Compilers.compile`."""
        self.counts.compiles += 1
        return await self._compilers.compile(source, modules=modules, module=module, stored=stored)

    async def outline(self, source: str) -> Outline:
        """See `Compilers.outline`."""
        return await self._compilers.outline(source)

    # Executions

    async def run(self, request: Request) -> Answer | Killed:
        """Run one execution in a worker of its tenant.

        Raises `Busy` when it was not started. A worker that dies by no limit of ours is replaced and the
        execution run again, once, unless a call of it may have changed something.
        """
        if self._workers.closed:
            raise Busy(STOPPING)
        tenant = self._tenants.of(request.key, request.background or request.traced)
        if len(tenant.queue) >= self._most_waiting:
            self.counts.refused_busy += 1
            raise Busy(f"too many {'executions' if tenant.background else 'logins'} of this tenant are waiting")
        self._seq += 1
        ticket = Ticket(self._seq, request, asyncio.get_running_loop().create_future(), time.monotonic())
        tenant.queue.append(ticket)
        self._pump(tenant)
        self._watch.go_on()
        result = await (ticket.future if request.until is None else self._until(request.until, tenant, ticket))
        if not tenant.background:
            self.counts.waits.observe(ticket.begun - ticket.came)
        return result

    async def _until(self, moment: float, tenant: Tenant, ticket: Ticket) -> Answer | Killed:
        """The end of a job for which nobody waits longer. Its worker is ended for its deadline, as any other."""
        wait = max(0.0, moment - time.monotonic())
        timer = asyncio.get_running_loop().call_later(wait, self._give_up, tenant, ticket)
        try:
            return await ticket.future
        finally:
            timer.cancel()

    def _give_up(self, tenant: Tenant, ticket: Ticket, once_more: bool = True) -> None:
        found = next((killed for worker in tenant.workers if (killed := seen(worker, ticket)) is not None), None)
        if found is not None:
            ticket.end(found)
        elif once_more:
            # Where this process has stood still, what a worker has answered meanwhile is read after its timers.
            asyncio.get_running_loop().call_later(TICK, self._give_up, tenant, ticket, False)
        else:
            self.counts.refused_busy += ticket.refuse(TOO_LATE)

    def _pump(self, tenant: Tenant) -> None:
        """Send what waits to workers that can take it, starting workers as far as the bounds allow: answers to calls,
        then executions."""
        while tenant.answered and self._places.has_turn(tenant):
            caller, text = tenant.answered.popleft()
            if not caller.ended:
                tenant.calling -= 1
                caller.go_on(text)
        while (ticket := tenant.next()) is not None:
            worker = self._places.choose(tenant)
            if worker is None:
                return
            tenant.queue.popleft()
            worker.give(ticket)

    def _received(self, worker: Worker, body: bytes) -> None:
        if body[:1] == b"[":
            self._called(worker, body)
        else:
            self._answered(worker, body)

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
        ticket = worker.take_head()
        self.counts.executions += 1
        self._workers.was_of_use()
        if ticket.caller not in (None, worker):
            ticket.copies -= 1  # another has made its calls: what this one has found without them does not count
        else:
            ticket.end(answer)
        recycled = answer.tired or worker.executions >= self.limits.recycle_executions
        if recycled or self._workers.is_starving_others(worker):
            worker.retiring = True
        if worker.retiring and not worker.in_flight:
            self.counts.workers_recycled += 1
            worker.kill()
        if worker.key is not None:
            tenant = self._tenants[worker.key]
            if tenant.queue:
                self._pump(tenant)
            else:
                self._places.shrink_later(tenant)
        self._watch.go_on()

    # Calls

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
        if head.done or head.caller not in (None, worker):
            worker.kill(RUN_ELSEWHERE)  # its answer would come too late, and its calls were made
            return
        head.caller = worker
        worker.calling.task = self._workers.background(self._broker(worker, head.request.broker, call))
        tenant = self._tenants[worker.key]
        tenant.calling += 1
        tenant.take_back(worker.take_back())
        self._pump(tenant)
        self._watch.go_on()

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
            tenant = self._tenants[worker.key]
            tenant.answered.append((worker, frame(to_worker.encode(reply(call, answer)))))
            self._pump(tenant)

    # Ends

    def _ended(self, worker: Worker) -> None:
        """The process is gone: answer or move what it had."""
        tenant = self._tenants.get(worker.key) if worker.key is not None else None
        if tenant is not None:
            tenant.workers.remove(worker)
            if worker.late is not None:
                self.counts.workers_killed += 1
                log.warning("a worker was ended: %s", worker.late)
            elif worker.in_flight:
                self.counts.workers_died += 1
            left = settle(worker, self._workers.zygote_has_ended, self.counts)
            if worker.calling.going_on:
                tenant.calling -= 1
                worker.calling.cancel()
            if self._workers.closed:
                self._refuse(left)
            else:
                tenant.take_back(left)
        self._workers.gone(worker)
        if tenant is not None and not self._workers.closed:
            self._pump(tenant)
            self._tenants.forget_if_gone(tenant)

    def _refuse(self, tickets: list[Ticket]) -> None:
        for ticket in tickets:
            self.counts.refused_busy += ticket.refuse(STOPPING)
