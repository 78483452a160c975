"""What no login waits for takes nothing from logins: neither their workers, nor their places, nor their turn."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator

import pytest

from sandbox.limits import Limits
from sandbox.pool import Busy, Killed, Pool
from sandbox.process import LOW, Worker
from sandbox.tenants import BACKGROUND
from sandbox.wire import Answer
from tests.sandbox import trial
from tests.sandbox.trial import rule

pytestmark = pytest.mark.anyio

QUICK = rule("context.idToken['a'] = 1")
SLOW = rule("for _ in range(500_000):\n    pass\ncontext.idToken['a'] = 1")


@pytest.fixture
async def own(anyio_backend: str) -> AsyncIterator[Pool]:
    """A pool with four places for logins, one for each tenant, and two in the background."""
    own = Pool(Limits(), workers=4, workers_per_tenant=1, queue=20, background=2)
    await own.start()
    yield own
    await own.close()


def bound(pool: Pool, *, background: bool) -> list[Worker]:
    found = [worker for worker in pool._workers if worker.key is not None]
    return [worker for worker in found if str(worker.key).endswith(BACKGROUND) == background]


def niceness(workers: list[Worker]) -> set[int]:
    return {os.getpriority(os.PRIO_PROCESS, worker.pid) for worker in workers if worker.pid is not None}


async def test_it_has_workers_of_its_own_that_step_back(own: Pool) -> None:
    slow, quick = await trial.compiled(own, SLOW), await trial.compiled(own, QUICK)
    behind = [asyncio.create_task(own.run(trial.request(slow, background=True, seconds=30))) for _ in range(6)]
    answers = [await own.run(trial.request(quick)) for _ in range(5)]
    assert all(isinstance(answer, Answer) and answer.returns["idToken"] == {"a": 1} for answer in answers)
    done = await asyncio.gather(*behind)
    assert all(isinstance(answer, Answer) and answer.returns["idToken"] == {"a": 1} for answer in done)
    logins, others = bound(own, background=False), bound(own, background=True)
    assert [worker.executions for worker in logins] == [5]
    assert sum(worker.executions for worker in others) >= 6  # more where one was given to both
    assert niceness(others) == {LOW}
    assert niceness(logins) == {0}
    assert niceness(own._workers.spares) == {0}


async def test_a_traced_one_is_always_in_the_background(own: Pool) -> None:
    await own.run(trial.request(await trial.compiled(own, QUICK), traced=True))
    assert len(bound(own, background=True)) == 1
    assert bound(own, background=False) == []


async def test_there_is_room_for_it_when_logins_have_all_places(own: Pool) -> None:
    code = await trial.compiled(own, QUICK)
    for number in range(4):
        await own.run(trial.request(code, key=f"t{number}"))
    before = bound(own, background=False)
    assert len(before) == 4
    answer = await own.run(trial.request(code, key="t0", background=True))
    assert isinstance(answer, Answer)
    for number in range(4):
        await own.run(trial.request(code, key=f"t{number}"))
    assert set(bound(own, background=False)) == set(before)
    assert [worker.executions for worker in before] == [2] * 4


async def test_a_login_finds_a_place_when_the_background_has_all_of_its_own(own: Pool) -> None:
    slow, quick = await trial.compiled(own, SLOW), await trial.compiled(own, QUICK)
    behind = [
        asyncio.create_task(own.run(trial.request(slow, key=f"t{number}", background=True, seconds=30)))
        for number in range(12)
    ]
    while len(bound(own, background=True)) < 2:
        await asyncio.sleep(0.001)
    before = set(bound(own, background=True))
    for number in range(4):
        assert isinstance(await own.run(trial.request(quick, key=f"t{number}")), Answer)
    assert len(bound(own, background=False)) == 4
    assert all(worker.in_flight or worker.executions for worker in before)  # none was ended for a login
    assert all(isinstance(answer, Answer) for answer in await asyncio.gather(*behind))


async def test_it_has_no_more_workers_than_that_for_all_tenants(own: Pool) -> None:
    code = await trial.compiled(own, SLOW)
    most = 0

    async def one(number: int) -> None:
        nonlocal most
        answer = await own.run(trial.request(code, key=f"t{number % 6}", background=True, seconds=60))
        assert isinstance(answer, Answer)
        most = max(most, len(bound(own, background=True)))

    await asyncio.gather(*(one(number) for number in range(30)))
    assert most == 2


async def test_many_tenants_take_turns(own: Pool) -> None:
    """One that has had a worker for long gives it to those that have none."""
    code = await trial.compiled(own, QUICK)
    for round_ in range(3):
        for number in range(5):
            answer = await own.run(trial.request(code, key=f"t{number}", background=True))
            assert isinstance(answer, Answer), (round_, number)
    assert len(bound(own, background=True)) <= 2


async def test_its_queue_is_its_own(own: Pool) -> None:
    slow, quick = await trial.compiled(own, SLOW), await trial.compiled(own, QUICK)
    behind = [asyncio.create_task(own.run(trial.request(slow, background=True, seconds=60))) for _ in range(60)]
    await asyncio.sleep(0)
    refused = [task for task in behind if task.done() and isinstance(task.exception(), Busy)]
    assert refused
    assert str(refused[0].exception()) == "too many executions of this tenant are waiting"
    assert isinstance(await own.run(trial.request(quick)), Answer)
    for task in behind:
        task.cancel()
    await asyncio.gather(*behind, return_exceptions=True)


async def test_one_that_hangs_is_ended_and_no_login_notices(own: Pool) -> None:
    hanging, quick = await trial.compiled(own, rule("sum(range(10 ** 12))")), await trial.compiled(own, QUICK)
    behind = asyncio.create_task(own.run(trial.request(hanging, background=True)))
    while not behind.done():
        assert isinstance(await own.run(trial.request(quick)), Answer)
    killed = behind.result()
    assert isinstance(killed, Killed)
    assert killed.cause == "time"
    assert len(bound(own, background=False)) == 1
