"""The tenants of a pool: what of each waits, and which workers are its own."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from sandbox.executions import Ticket
from sandbox.process import Worker

BACKGROUND = " (background)"  # behind a tenant's key, which has no space


@dataclass(eq=False)
class Tenant:
    key: str
    queue: deque[Ticket] = field(default_factory=deque)
    workers: list[Worker] = field(default_factory=list)
    background: bool = False
    calling: int = 0  # workers that wait for a call
    answered: deque[tuple[Worker, bytes]] = field(default_factory=deque)  # of them, those that may go on: with what
    shrinking: asyncio.TimerHandle | None = None  # while it has more workers than can be at work

    @property
    def is_at_work(self) -> bool:
        return bool(self.queue) or any(worker.in_flight for worker in self.workers)

    def next(self) -> Ticket | None:
        """The first that waits still. It stays in the queue."""
        while self.queue:
            first = self.queue[0]
            if first.is_waiting:
                return first
            self.queue.popleft().copies -= 1
        return None

    def take_back(self, tickets: list[Ticket]) -> None:
        """What its worker will not run waits for another, in front, unless another has it already."""
        for ticket in reversed(tickets):
            ticket.copies -= 1
            if not ticket.copies:
                ticket.copies = 1
                self.queue.appendleft(ticket)

    def lend(self, tickets: list[Ticket]) -> None:
        """Other workers may run these too, once: the first of two answers is as good as the only one."""
        for ticket in tickets:
            if ticket.copies == 1:
                ticket.copies += 1
                self.queue.append(ticket)


class Tenants(dict[str, Tenant]):
    """By their keys: those of whom something waits, or who have a worker. Their logins and what runs in the background
    are two tenants."""

    def __init__(self) -> None:
        super().__init__()
        self.homeless: dict[str, Tenant] = {}  # those that have waited for a worker without having one
        self.wanting: dict[str, Tenant] = {}  # those that want another worker in the background

    def of(self, key: str, background: bool) -> Tenant:
        if background:
            key += BACKGROUND
        tenant = self.get(key)
        if tenant is None:
            tenant = self[key] = Tenant(key, background=background)
        return tenant

    def forget_if_gone(self, tenant: Tenant) -> None:
        if not tenant.queue and not tenant.workers:
            del self[tenant.key]
            self.served(tenant)

    def served(self, tenant: Tenant) -> None:
        """It has what it waited for."""
        self.homeless.pop(tenant.key, None)
        self.wanting.pop(tenant.key, None)

    def waiting(self) -> Iterator[Tenant]:
        """Those of whom something waits, the one with the fewest workers first."""
        for tenant in sorted(self.values(), key=lambda tenant: len(tenant.workers)):
            if tenant.queue:
                yield tenant

    @property
    def a_login_waits(self) -> bool:
        return any(tenant.queue and not tenant.background for tenant in self.values())

    def next_behind(self) -> Tenant | None:
        """Who gets the next worker in the background: whoever has fewest."""
        for key in [key for key, tenant in self.wanting.items() if not tenant.is_at_work]:
            del self.wanting[key]
        return min(self.wanting.values(), key=lambda tenant: len(tenant.workers), default=None)
