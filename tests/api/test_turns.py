"""Key sets of many addresses are fetched some at once, and slow ones of one tenant keep no other's waiting."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from threading import Lock
from typing import Any

import pytest

from api.issuers.key_sets import MOST_FETCHES, MOST_OF_TENANT, KeySets
from api.issuers.turns import Turns
from tests.jwks import JwksServer

pytestmark = pytest.mark.anyio

SLOW = 1.0  # seconds: that a server of this test takes for an answer


class Slow(JwksServer):
    """It notes how many ask at once."""

    def __init__(self) -> None:
        super().__init__()
        self.slow, self.most, self._now, self._lock = SLOW, 0, 0, Lock()
        handler: Any = self._http.RequestHandlerClass
        answer = handler.do_GET

        def counted(this: Any) -> None:
            with self._lock:
                self._now += 1
                self.most = max(self.most, self._now)
            try:
                answer(this)
            finally:
                with self._lock:
                    self._now -= 1

        handler.do_GET = counted


@pytest.fixture
async def keys() -> AsyncIterator[KeySets]:
    keys = KeySets()
    yield keys
    await keys.aclose()


@pytest.fixture
def slow() -> Iterator[Slow]:
    server = Slow()
    yield server
    server.close()


@pytest.fixture
def fast() -> Iterator[JwksServer]:
    server = JwksServer()
    yield server
    server.close()


def there(keys: KeySets, url: str) -> bool:
    return bool(keys._sets[url].jwks._keys)


async def until_there(keys: KeySets, url: str, within: float) -> float:
    began = time.monotonic()
    async with asyncio.timeout(within):
        while not there(keys, url):
            await asyncio.sleep(0.01)
    return time.monotonic() - began


def many(server: JwksServer, tenant: str, number: int) -> dict[str, set[str]]:
    return {f"{server.url}?{tenant}-{n}": {tenant} for n in range(number)}


async def test_slow_addresses_of_one_tenant_keep_no_other_waiting(keys: KeySets, slow: Slow, fast: JwksServer) -> None:
    """As many as a tenant can have, and they were there first."""
    greedy = many(slow, "greedy", 160)
    keys.keep(greedy)
    await asyncio.sleep(0.3)
    keys.keep({**greedy, fast.url: {"other"}})
    assert await until_there(keys, fast.url, 5) < SLOW / 2
    assert 0 < slow.most <= MOST_OF_TENANT
    assert slow.asked <= 2 * MOST_OF_TENANT


async def test_an_address_that_tenants_share_waits_for_none_of_them(
    keys: KeySets, slow: Slow, fast: JwksServer
) -> None:
    greedy = many(slow, "greedy", 40)
    keys.keep(greedy)
    await asyncio.sleep(0.1)
    keys.keep({**greedy, fast.url: {"greedy", "other"}})
    assert await until_there(keys, fast.url, 5) < SLOW / 2


async def test_slow_addresses_of_many_tenants_are_bounded_and_everybody_has_a_turn(
    keys: KeySets, slow: Slow, fast: JwksServer
) -> None:
    greedy: dict[str, set[str]] = {}
    for number in range(30):
        greedy |= many(slow, f"greedy-{number}", 4)
    keys.keep(greedy)
    await asyncio.sleep(0.2)
    keys.keep({**greedy, fast.url: {"other"}})
    # One place comes free for each that is taken, within the time of one fetch; some of those before it go first.
    assert await until_there(keys, fast.url, 10) < 3 * SLOW
    assert slow.most <= MOST_FETCHES


async def test_a_call_that_waits_for_keys_waits_for_its_own_tenant_alone(
    keys: KeySets, slow: Slow, fast: JwksServer
) -> None:
    keys.keep(many(slow, "greedy", 100) | {fast.url: {"other"}})
    await until_there(keys, fast.url, 5)
    fast.document = {"keys": []}
    known = keys._sets[fast.url].jwks
    known._fetched = known._attempted = float("-inf")
    async with asyncio.timeout(SLOW / 2):
        await asyncio.wait([known._start()])
    assert fast.asked == 2


async def test_what_is_not_wanted_any_more_gives_its_place_back(keys: KeySets, slow: Slow) -> None:
    keys.keep(many(slow, "greedy", 50))
    await asyncio.sleep(0.1)
    last = {f"{slow.url}?last": {"greedy"}}
    keys.keep(last)
    await until_there(keys, next(iter(last)), 4 * SLOW)
    assert keys._turns._taken.total() == 0
    assert not keys._turns._waiting


# The turns themselves


async def test_turns_are_bounded_and_fair_whatever_comes() -> None:
    """With callers who give up at any moment."""
    chance, turns = random.Random(7), Turns(5, 2)
    now: Counter[str] = Counter()
    served: list[str] = []

    async def one(owner: str) -> None:
        async with turns.turn([owner]):
            now[owner] += 1
            served.append(owner)
            assert now[owner] <= 2
            assert now.total() <= 5
            try:
                await asyncio.sleep(chance.random() * 0.004)
            finally:
                now[owner] -= 1

    tasks = []
    for _ in range(600):
        tasks.append(asyncio.create_task(one(chance.choice("aaaaaabcd"))))
        if chance.random() < 0.3:
            chance.choice(tasks).cancel()
        if chance.random() < 0.3:
            await asyncio.sleep(0)
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert {type(one) for one in results} <= {type(None), asyncio.CancelledError}
    assert len(served) > 300
    assert (turns._taken.total(), turns._waiting) == (0, {})


async def test_owners_who_wait_come_one_after_another() -> None:
    turns, order = Turns(1, 1), []
    gone = asyncio.Event()

    async def one(owner: str) -> None:
        async with turns.turn([owner]):
            order.append(owner)
            await gone.wait()

    tasks = [asyncio.create_task(one(owner)) for owner in "aaaabbc"]
    await asyncio.sleep(0)
    gone.set()
    await asyncio.gather(*tasks)
    assert "".join(order) == "aabcaba"
