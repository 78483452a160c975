"""Which worker takes a job, and how many workers a tenant may have."""

from __future__ import annotations

import asyncio
import time

from sandbox.executions import Counts
from sandbox.process import Worker
from sandbox.tenants import Tenant, Tenants
from sandbox.workers import Workers

DEPTH = 8  # jobs in one worker's channel
FRESH = 0.002  # a worker whose head job is no older takes another behind it
NEEDLESS = 5.0  # a worker beyond those that can be at work, idle for so long, goes


class Places:
    def __init__(
        self,
        tenants: Tenants,
        workers: Workers,
        counts: Counts,
        *,
        most: int,
        most_per_tenant: int,
        most_calling: int,
        most_executions: int,
    ) -> None:
        """`most_per_tenant` of a tenant's workers are at work, `most_calling` more may wait for calls; `most` there are
        of all tenants. Each has `most_executions` in its life."""
        self._tenants = tenants
        self._workers = workers
        self._counts = counts
        self._most = most
        self._most_per_tenant = most_per_tenant
        self._most_calling = most_calling
        self._most_executions = most_executions

    def choose(self, tenant: Tenant) -> Worker | None:
        """The first worker that is at work and will soon be free again, since to wake another one costs as much as an
        execution; else an idle one, a new one, or the one with the least to do. None, where one has to come first.

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
            room = min(depth, self._most_executions - worker.executions)
            if worker.retiring or worker.calling.made or count >= room:
                continue
            if not count:
                idle = idle or worker
            elif worker.head_since > fresh:
                return worker
            elif least is None or count < len(least.in_flight):
                least = worker
        if tenant.background:
            if at_work >= self._workers.most_in_background:
                return least
            if idle is None and len(tenant.workers) < self._workers.most_in_background:
                self._want(tenant)
            return idle or least
        if at_work >= self._most_per_tenant:
            return least  # as many wait for calls beside them, and will go on
        if idle is not None or not self._may_have_another(tenant, at_work):
            return idle or least
        return self._another(tenant) or least

    def has_turn(self, tenant: Tenant) -> bool:
        """Whether one more of its workers may be at work. Those that go on behind a call wait for that too: a host that
        answers all at once would else have all of them take each other's processor time, and run over their limits."""
        most = self._workers.most_in_background if tenant.background else self._most_per_tenant
        return sum(1 for worker in tenant.workers if worker.is_at_work) < most

    def _another(self, tenant: Tenant) -> Worker | None:
        """A new worker, where one is ready; else one is started, if there is room or can be made."""
        workers = self._workers
        if workers.spares:
            worker = workers.spares.pop()
            workers.bind(worker, tenant)
            workers.refill()
            return worker
        if not workers.has_room():
            workers.make_room()
        if not tenant.workers:
            # Nothing else can take the job: it goes out when the worker is there.
            self._tenants.homeless[tenant.key] = tenant
        workers.refill()
        return None

    def _want(self, tenant: Tenant) -> None:
        """Ask for one more worker in the background. It is started for this: the spares are for logins."""
        self._tenants.wanting[tenant.key] = tenant
        if self._workers.has_room(behind=True):
            self._workers.refill()
        elif not tenant.workers:
            self._workers.make_room(behind=True)

    def _may_have_another(self, tenant: Tenant, at_work: int) -> bool:
        """Whether a tenant may have one more worker: as many as can be at work, and others while some wait for calls.
        As many places as one tenant's work takes are never for these: else a slow host would keep out all others."""
        count = len(tenant.workers)
        if count < self._most_per_tenant:
            return True
        if count >= self._most_per_tenant + self._most_calling:
            return False
        calling = sum(other.calling for other in self._tenants.values() if not other.background)
        return calling + at_work < self._most - self._most_per_tenant

    @property
    def calling(self) -> int:
        """Workers that wait for a call."""
        return sum(tenant.calling for tenant in self._tenants.values())

    def shrink_later(self, tenant: Tenant) -> None:
        """The workers that a tenant has had for its calls go, once they have had nothing to do for some time."""
        if len(tenant.workers) > self._most_per_tenant and not (tenant.background or tenant.shrinking):
            tenant.shrinking = asyncio.get_running_loop().call_later(NEEDLESS, self._shrink, tenant)

    def _shrink(self, tenant: Tenant) -> None:
        tenant.shrinking = None
        if self._workers.closed or self._tenants.get(tenant.key) is not tenant:
            return
        long_ago = time.monotonic() - NEEDLESS
        more = len(tenant.workers) - self._most_per_tenant
        idle = [worker for worker in tenant.workers if not worker.in_flight and worker.idle_since <= long_ago]
        for worker in idle[: max(more, 0)]:
            self._counts.workers_recycled += 1
            worker.kill()
        if more > len(idle):
            self.shrink_later(tenant)
