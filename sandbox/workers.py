"""The lives of the processes of a pool: a zygote, the workers that it forks within the bounds, and who comes after."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine, Iterator

from sandbox.executions import Counts
from sandbox.limits import Limits
from sandbox.process import SandboxUnavailable, Worker, ZygoteProcess
from sandbox.tenants import Tenant, Tenants
from sandbox.wire import Hello

log = logging.getLogger("claimsmith.sandbox")

SPARES = 1  # forked workers that wait for a tenant
SPARES_FOR_ONE = 4  # the same where each serves one execution only
FALSE_START = (0.1, 5.0)  # before another try when a worker ends without having been of use: first, and longest
ZYGOTE_RETRY = 0.5
ZYGOTE_PATIENCE = 5.0  # for those who wait until another has started


class Workers:
    """All that live, for logins and in the background. A new one goes to a tenant that wants one, or is a spare."""

    def __init__(
        self,
        limits: Limits,
        counts: Counts,
        tenants: Tenants,
        *,
        most: int,
        most_in_background: int,
        unconfined_by: Collection[str],
        received: Callable[[Worker, bytes], None],
        ended: Callable[[Worker], None],
        come: Callable[[Tenant], None],
    ) -> None:
        """`most` for logins, and `most_in_background` beside them. `received` is told what a worker sends, `ended` that
        it is gone, and `come` of whom something waits when another worker is there."""
        self._limits = limits
        self._received, self._ended, self._come = received, ended, come
        self._counts = counts
        self._tenants = tenants
        self._most = most
        self.most_in_background = most_in_background
        self._most_spares = SPARES if limits.recycle_executions > 1 else SPARES_FOR_ONE
        self._unconfined_by = unconfined_by
        self._all: set[Worker] = set()
        self._behind: set[Worker] = set()  # of them, those in the background
        self.spares: list[Worker] = []
        self.zygote: ZygoteProcess | None = None
        self._ready = asyncio.Event()  # while a zygote lives
        self._starting_zygote = False
        self._refilling = False
        self._false_starts = 0  # since a worker was last of use
        self._tasks: set[asyncio.Task[None]] = set()
        self.closed = False

    def __iter__(self) -> Iterator[Worker]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    # The zygote

    async def start(self) -> Hello:
        """Start the zygote and a first worker. Raises `SandboxUnavailable`."""
        self.zygote = ZygoteProcess(self._limits, self._zygote_ended, self._unconfined_by)
        hello = await self.zygote.start()
        self._counts.zygote_starts += 1
        self._ready.set()
        self.refill()
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
        return self.zygote.hello if self.zygote is not None and self.zygote.alive else None

    def living(self) -> ZygoteProcess | None:
        zygote = self.zygote
        return zygote if not self.closed and zygote is not None and zygote.alive else None

    @property
    def zygote_has_ended(self) -> bool:
        """Also while nobody has noticed."""
        return self.zygote is not None and self.zygote.ended

    def _zygote_ended(self, zygote: ZygoteProcess) -> None:
        self._ready.clear()
        if not self.closed and not self._starting_zygote:
            log.warning("the zygote has ended: starting another")
            self._starting_zygote = True
            self.background(self._restart_zygote(zygote))

    async def _restart_zygote(self, old: ZygoteProcess) -> None:
        await old.stop()
        while not self.closed:
            zygote = ZygoteProcess(self._limits, self._zygote_ended, self._unconfined_by)
            try:
                await zygote.start()
            except (SandboxUnavailable, OSError) as error:
                log.error("the zygote does not start: %s", error)
                await asyncio.sleep(ZYGOTE_RETRY)
                continue
            self.zygote = zygote
            self._starting_zygote = False
            self._ready.set()
            self._counts.zygote_starts += 1
            await self._refill()
            return

    # Room

    def has_room(self, *, behind: bool = False) -> bool:
        """Whether another worker may be started, for logins or in the background: neither takes the other's places."""
        count = len(self._behind)
        return count < self.most_in_background if behind else len(self._all) - count < self._most

    def make_room(self, *, behind: bool = False) -> None:
        """End the one of another tenant that has been idle longest."""
        workers = self._behind if behind else self._all - self._behind
        idle = [worker for worker in workers if worker.key is not None and not worker.in_flight]
        if idle:
            min(idle, key=lambda worker: worker.idle_since).kill()

    def is_starving_others(self, worker: Worker) -> bool:
        """Whether a tenant without a worker waits for a place such as this one has, and there is no room for it."""
        behind = worker in self._behind
        waiting = self._tenants.wanting if behind else self._tenants.homeless
        if not waiting or (self.spares and not behind) or self.has_room(behind=behind):
            return False
        return any(tenant.queue and not tenant.workers for tenant in waiting.values())

    # Coming and going

    def bind(self, worker: Worker, tenant: Tenant) -> None:
        """For the rest of its life the worker is this tenant's."""
        worker.key = tenant.key
        tenant.workers.append(worker)
        self._tenants.served(tenant)
        if tenant.background:
            self._behind.add(worker)
            worker.step_back()

    def was_of_use(self) -> None:
        self._false_starts = 0

    def gone(self, worker: Worker) -> None:
        """The process has ended: another takes its place."""
        self._all.discard(worker)
        self._behind.discard(worker)
        if worker in self.spares:
            self.spares.remove(worker)
        if not self.closed:
            useless = worker.executions == 0 and worker.late is None and not worker.retiring
            # One that never had a job cannot have been ended by a rule: the next may end the same way.
            pause = (self._false_start() if worker.key is None else FALSE_START[0]) if useless else 0.0
            self.refill(pause)

    def _false_start(self) -> float:
        """How long to wait after a worker that was of no use."""
        first, longest = FALSE_START
        self._false_starts += 1
        if self._false_starts >= 5:
            log.error("workers end before they are of use: %d in a row", self._false_starts)
        return min(first * 2.0 ** min(self._false_starts - 1, 10), longest)

    def refill(self, after: float = 0.0) -> None:
        self.background(self._refill(after))

    async def _refill(self, after: float = 0.0) -> None:
        """Keep spares ready, and give them to tenants that have no worker; when there are enough, start what is wanted
        in the background. One at a time, to keep the bounds."""
        if after:
            await asyncio.sleep(after)
        if self._refilling:
            return
        self._refilling = True
        try:
            while not self.closed:
                spare = len(self.spares) < self._most_spares and self.has_room()
                if not spare and not (self.has_room(behind=True) and self._tenants.next_behind() is not None):
                    return
                zygote = self.zygote
                if zygote is None or not zygote.alive:
                    return
                # One that somebody waits for does not warm up first.
                kind = "worker" if not spare or self._tenants.a_login_waits else "spare"
                worker = await Worker.start(zygote, kind, self._received, self._ended, self._limits.answer)
                self._counts.workers_started += 1
                if worker.ended:
                    await asyncio.sleep(self._false_start())
                    continue
                self._all.add(worker)
                if spare:
                    self.spares.append(worker)
                elif (tenant := self._tenants.next_behind()) is not None:
                    self.bind(worker, tenant)
                    self._come(tenant)  # before another finds it idle
                else:
                    worker.kill()  # who wanted it has been answered meanwhile
                for tenant in self._tenants.waiting():
                    self._come(tenant)
        except (SandboxUnavailable, OSError) as error:
            log.warning("no worker could be started: %s", error)
        finally:
            self._refilling = False

    def background(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def close(self) -> None:
        """Nothing is started any more, and every worker is killed."""
        self.closed = True
        self._ready.clear()
        for worker in self._all:
            worker.kill()

    async def closing(self) -> None:
        """Until all have ended."""
        if self.zygote is not None:
            await self.zygote.stop()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        while self._all:  # noqa: ASYNC110  each ends by itself, within a millisecond
            await asyncio.sleep(0.001)
