"""Calls of rules: what a worker asks, who answers, and what happens when either does not keep to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from sandbox.brokering import NOBODY
from sandbox.exchanges import CacheRequest, HttpAnswer, HttpRequest
from sandbox.limits import Limits
from sandbox.pool import Killed, Pool
from sandbox.wire import Answer, Call
from tests.sandbox import trial
from tests.sandbox.asked import Asked, asleep

pytestmark = pytest.mark.anyio

QUICK = 'context.idToken["quick"] = True'
GET = 'context.idToken["got"] = http.get("https://example.com/a").text'


@pytest.fixture
async def lone(anyio_backend: str) -> AsyncIterator[Pool]:
    pool = Pool(Limits(), workers=8, workers_per_tenant=1, queue=100)
    await pool.start()
    yield pool
    await pool.close()


async def test_a_rule_gets_what_the_broker_answers(pool: Pool) -> None:
    broker = Asked()
    claims = await trial.claims(
        pool,
        trial.rule(
            """
            answer = http.post("https://example.com/a?b=1", params={"c": [2, 3]}, json={"d": True}, timeout=0.5,
                               auth=("name", "password"), headers={"X-Own": "1"})
            context.idToken["got"] = [answer.status_code, answer.ok, answer.text]
            cache.set("key", {"a": 1}, ttl=5)
            cache.set("key", 1)
            cache.get("key")
            cache.delete("key")
            """
        ),
        broker=broker,
    )
    assert claims == {"got": [200, True, "hello"]}
    first, second, *others = broker.calls
    assert (first.step, first.ordinal, first.kind, first.line) == (0, 0, "http", 2)
    assert msgspec.json.decode(first.request, type=HttpRequest) == HttpRequest(
        method="POST",
        url="https://example.com/a?b=1&c=2&c=3",
        headers={"X-Own": "1", "Content-Type": "application/json", "Authorization": "Basic bmFtZTpwYXNzd29yZA=="},
        body='{"d":true}',
        timeout=0.5,
    )
    assert (second.step, second.ordinal, second.kind, second.line) == (0, 1, "cache", 5)
    assert msgspec.json.decode(second.request, type=CacheRequest) == CacheRequest(
        "set", "key", msgspec.Raw(b'{"a":1}'), 5
    )
    assert [bytes(other.request) for other in others] == [
        b'{"op":"set","key":"key","value":1,"ttl":3600.0}',
        b'{"op":"get","key":"key"}',
        b'{"op":"delete","key":"key"}',
    ]


async def test_calls_are_counted_by_step(pool: Pool) -> None:
    broker = Asked()
    await trial.claims(pool, trial.rule(f"{GET}\n{GET}"), trial.rule(GET), broker=broker)
    assert [(call.step, call.ordinal) for call in broker.calls] == [(0, 0), (0, 1), (1, 0)]


async def test_the_time_of_a_rule_stands_still_while_it_waits(pool: Pool) -> None:
    broker = Asked(lambda call: asleep(0.4))
    result = await trial.answer(pool, trial.rule(GET), broker=broker)
    assert trial.outcomes(result) == ["passed"]
    assert result.returns["idToken"] == {"got": "late"}


async def test_the_time_of_a_rule_goes_on_behind_a_call(pool: Pool) -> None:
    result = await trial.answer(pool, trial.rule(f"{GET}\nwhile True: pass"), broker=Asked(lambda call: asleep(0.3)))
    assert trial.errors(result) == [("rule_timed_out", "the rule ran longer than 250 ms", 3)]
    result2 = await trial.run(pool, trial.rule(f"{GET}\nsum(range(10 ** 12))"), broker=Asked(lambda call: asleep(0.3)))
    assert isinstance(result2, Killed)
    assert (result2.cause, result2.step, result2.line) == ("time", 0, 3)
    assert result2.seconds > 0.5  # of the step: both the wait and the rule's own time


async def test_a_call_that_outlasts_the_deadline_ends_with_it(pool: Pool) -> None:
    broker = Asked(lambda call: asleep(60))
    result = await trial.run(pool, trial.rule(GET), broker=broker, seconds=0.3)
    assert isinstance(result, Killed)
    assert (result.cause, result.step, result.line) == ("deadline", 0, 2)
    await asyncio.sleep(0)
    assert broker.cancelled == 1


async def test_calls_are_limited(pool: Pool) -> None:
    script = trial.rule('try:\n    for n in range(60): http.get("https://example.com/")\nexcept Exception: pass')
    broker = Asked()
    result = await trial.answer(pool, script, broker=broker)
    assert trial.errors(result) == [("too_many_calls", "more than 50 calls in one execution", 3)]
    assert len(broker.calls) == 50
    result = await trial.answer(
        pool, trial.rule('http.post("https://example.com/", data="x" * 300_000)'), broker=broker
    )
    text = "ValueError: the call has 300111 bytes: the limit is 262144"
    assert trial.errors(result) == [("rule_raised", text, 2)]


async def test_failures_are_exceptions_that_a_rule_can_catch(pool: Pool) -> None:
    async def fails(call: Call) -> HttpAnswer:
        return HttpAnswer(failure="timeout", message="no answer within 1 s")

    script = trial.rule(
        """
        try:
            http.get("https://example.com/")
        except http.Timeout as error:
            context.idToken["why"] = str(error)
        try:
            http.get("https://example.com/")
        except http.Error as error:
            context.idToken["also"] = True
        http.get("https://example.com/")
        """
    )
    result = await trial.answer(pool, script, broker=Asked(fails))
    assert trial.errors(result) == [("rule_raised", "Timeout: no answer within 1 s", 10)]


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ('http.get("https://h/", verify=False)', "http.get() got an unexpected keyword argument 'verify'"),
        ('http.request("get", "https://h/", verify=False)', "http.get() got an unexpected keyword argument 'verify'"),
        ("http.post(json={})", "http.post() missing 1 required positional argument: 'url'"),
        ('cache.set("a")', "cache.set() missing 1 required positional argument: 'value'"),
    ],
)
async def test_errors_name_what_the_rule_has_called(pool: Pool, call: str, error: str) -> None:
    assert trial.errors(await trial.answer(pool, trial.rule(call))) == [("rule_raised", f"TypeError: {error}", 2)]


async def test_without_a_broker_a_call_fails(pool: Pool) -> None:
    result = await trial.answer(pool, trial.rule(GET), broker=NOBODY)
    assert trial.errors(result) == [("rule_raised", "Error: calls are not made here", 2)]


async def test_what_is_queued_behind_a_call_goes_elsewhere(lone: Pool) -> None:
    """With one worker at work, the others do not wait for the one that calls."""
    released = asyncio.Event()

    async def held(call: Call) -> HttpAnswer:
        await released.wait()
        return HttpAnswer(status=200, body="held")

    calling = await trial.compiled(lone, trial.rule(GET))
    quick = await trial.compiled(lone, trial.rule(QUICK))
    broker = Asked(held)
    first = asyncio.create_task(lone.run(trial.request(calling, broker=broker)))
    others = [asyncio.create_task(lone.run(trial.request(quick))) for _ in range(10)]  # behind it, in its channel
    for other in others:
        answer = await other
        assert isinstance(answer, Answer)
        assert answer.returns["idToken"] == {"quick": True}
    assert not first.done()
    released.set()
    answer = await first
    assert isinstance(answer, Answer)
    assert answer.returns["idToken"] == {"got": "held"}
    assert len(broker.calls) == 1


async def test_many_waiting_logins_do_not_hold_up_others(anyio_backend: str) -> None:
    pool = Pool(Limits(), workers=80, workers_per_tenant=2, queue=100)
    await pool.start()
    try:
        calling = await trial.compiled(pool, trial.rule(GET))
        quick = await trial.compiled(pool, trial.rule(QUICK))
        released = asyncio.Event()
        waiting = 0

        async def held(call: Call) -> HttpAnswer:
            nonlocal waiting
            waiting += 1
            await released.wait()
            return HttpAnswer(status=200, body="held")

        broker = Asked(held)
        runs = [asyncio.create_task(pool.run(trial.request(calling, broker=broker))) for _ in range(64)]
        async with asyncio.timeout(10):
            while waiting < 64:
                await asyncio.sleep(0.005)
                # Once it is known that they make calls nothing is sent behind one, to be taken back and sent again.
                assert waiting <= 2 or all(len(worker.in_flight) <= 1 for worker in pool._workers)
        for key in ("tenant", "another"):
            answer = await pool.run(trial.request(quick, key=key))
            assert isinstance(answer, Answer)
        released.set()
        for answer in await asyncio.gather(*runs):
            assert isinstance(answer, Answer)
            assert answer.returns["idToken"] == {"got": "held"}
        assert len(broker.calls) == 64
    finally:
        await pool.close()


async def test_workers_that_wait_for_calls_are_limited(anyio_backend: str) -> None:
    pool = Pool(Limits(), workers=80, workers_per_tenant=2, queue=100, calling_per_tenant=3)
    await pool.start()
    try:
        calling = await trial.compiled(pool, trial.rule(GET))
        released = asyncio.Event()

        async def held(call: Call) -> HttpAnswer:
            await released.wait()
            return HttpAnswer(status=200, body="held")

        broker = Asked(held)
        runs = [asyncio.create_task(pool.run(trial.request(calling, broker=broker))) for _ in range(20)]
        await trial.eventually(lambda: len(broker.calls) >= 5)
        await asyncio.sleep(0.2)
        assert len(broker.calls) == 5
        released.set()
        assert all(isinstance(answer, Answer) for answer in await asyncio.gather(*runs))
    finally:
        await pool.close()


@pytest.mark.parametrize("way", [{"background": True}, {"traced": True}])
async def test_calls_in_the_background(pool: Pool, way: dict[str, bool]) -> None:
    """Each waits in one of the workers there, and no login waits for it."""
    calling = await trial.compiled(pool, trial.rule(GET))
    released = asyncio.Event()

    async def held(call: Call) -> HttpAnswer:
        await released.wait()
        return HttpAnswer(status=200, body="held")

    broker = Asked(held)
    runs = [asyncio.create_task(pool.run(trial.request(calling, broker=broker, seconds=30.0, **way))) for _ in range(9)]
    await trial.eventually(lambda: broker.calls)
    assert await trial.claims(pool, trial.rule(QUICK)) == {"quick": True}
    released.set()
    answers = await asyncio.gather(*runs)
    assert [answer.returns["idToken"] for answer in answers if isinstance(answer, Answer)] == [{"got": "held"}] * 9
    assert len(broker.calls) == 9


async def test_one_process_for_each_execution_with_calls(anyio_backend: str) -> None:
    pool = trial.pool(Limits(recycle_executions=1), workers=12)
    await pool.start()
    try:
        calling = await trial.compiled(pool, trial.rule(f"{GET}\n{GET}"))
        broker = Asked(lambda call: asleep(0.05))
        runs = [pool.run(trial.request(calling, broker=broker, seconds=30.0)) for _ in range(20)]
        assert all(isinstance(answer, Answer) for answer in await asyncio.gather(*runs))
        assert len(broker.calls) == 40
        assert pool.counts.workers_recycled == 20
    finally:
        await pool.close()


async def test_workers_that_nobody_needs_any_more_go(anyio_backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.places.NEEDLESS", 0.05)
    pool = Pool(Limits(), workers=80, workers_per_tenant=2, queue=100)
    await pool.start()
    try:
        calling = await trial.compiled(pool, trial.rule(GET))
        broker = Asked(lambda call: asleep(0.3))
        await asyncio.gather(*[pool.run(trial.request(calling, broker=broker)) for _ in range(20)])
        async with asyncio.timeout(10):
            while len(pool.processes) > 2 + 2:  # two workers, a spare, and the zygote
                await asyncio.sleep(0.01)
        assert isinstance(await pool.run(trial.request(calling, broker=broker)), Answer)
    finally:
        await pool.close()


async def test_those_who_are_answered_at_once_go_on_in_turn(anyio_backend: str) -> None:
    """Else all of them would share the processors, and each would take longer than a rule may."""
    pool = Pool(Limits(), workers=30, workers_per_tenant=2, queue=100)
    await pool.start()
    try:
        calling = await trial.compiled(pool, trial.rule(f"{GET}\nfor n in range(100_000): pass"))
        released = asyncio.Event()

        async def held(call: Call) -> HttpAnswer:
            await released.wait()
            return HttpAnswer(status=200, body="held")

        broker = Asked(held)
        runs = [asyncio.create_task(pool.run(trial.request(calling, broker=broker, seconds=20.0))) for _ in range(16)]
        await trial.eventually(lambda: pool.calling == 16)
        released.set()
        while not all(run.done() for run in runs):
            assert sum(worker.is_at_work for worker in pool._workers) <= 2
            await asyncio.sleep(0)
        for run in runs:
            assert trial.outcomes(run.result()) == ["passed"]
    finally:
        await pool.close()


async def test_those_who_wait_for_a_host_do_not_take_all_places(anyio_backend: str) -> None:
    """Of one tenant more may wait than there are places: another tenant's logins go on."""
    pool = Pool(Limits(), workers=6, workers_per_tenant=2, queue=100)
    await pool.start()
    try:
        calling = await trial.compiled(pool, trial.rule(GET))
        quick = await trial.compiled(pool, trial.rule(QUICK))
        released = asyncio.Event()

        async def held(call: Call) -> HttpAnswer:
            await released.wait()
            return HttpAnswer(status=200, body="held")

        broker = Asked(held)
        runs = [asyncio.create_task(pool.run(trial.request(calling, broker=broker))) for _ in range(12)]
        await trial.eventually(lambda: pool.calling == 4)
        for key in ("another", "a third"):
            assert isinstance(await pool.run(trial.request(quick, key=key)), Answer)
        assert pool.calling == 4
        released.set()
        assert all(isinstance(answer, Answer) for answer in await asyncio.gather(*runs))
    finally:
        await pool.close()


async def test_a_traced_rule_is_watched_on_behind_a_long_call(anyio_backend: str) -> None:
    """The wait is none of the time that watching may take."""
    pool = trial.pool(Limits(tracing_time=0.4))
    await pool.start()
    try:
        result = await trial.answer(
            pool, trial.rule(f"{GET}\na = 1"), broker=Asked(lambda call: asleep(0.5)), traced=True
        )
        assert [entry["line"] for entry in msgspec.json.decode(result.timeline)][-2:] == [2, 3]
    finally:
        await pool.close()
