"""Calls of rules: what a worker asks, who answers, and what happens when either does not keep to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec
import pytest

from sandbox.brokering import NOBODY
from sandbox.exchanges import CacheRequest, HttpAnswer, HttpRequest
from sandbox.limits import Limits
from sandbox.pool import Killed, Pool
from sandbox.wire import Answer, Call
from tests.sandbox import trial
from tests.sandbox.takeover import takeover

pytestmark = pytest.mark.anyio

QUICK = 'context.idToken["quick"] = True'
GET = 'context.idToken["got"] = http.get("https://example.com/a").text'


class Asked:
    """A broker that notes what it is asked, and answers by a function."""

    def __init__(self, answer: Callable[[Call], Awaitable[HttpAnswer]] | None = None) -> None:
        self.calls: list[Call] = []
        self.changes = False
        self.cancelled = 0
        self._answer = answer

    async def answer(self, call: Call) -> bytes:
        self.calls.append(call)
        try:
            answer = HttpAnswer(status=200, body="hello") if self._answer is None else await self._answer(call)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return msgspec.json.encode(answer)


async def asleep(seconds: float) -> HttpAnswer:
    await asyncio.sleep(seconds)
    return HttpAnswer(status=200, body="late")


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
            """
        ),
        broker=broker,
    )
    assert claims == {"got": [200, True, "hello"]}
    first, second = broker.calls
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
        await asyncio.sleep(0.5)
        assert len(broker.calls) == 5
        released.set()
        assert all(isinstance(answer, Answer) for answer in await asyncio.gather(*runs))
    finally:
        await pool.close()


async def test_workers_that_nobody_needs_any_more_go(anyio_backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.pool.NEEDLESS", 0.05)
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


# A worker that lies

CALL = '[{seq},{step},{ordinal},"http",1,{{"method":"GET","url":"https://example.com/"}}]'
LIES = {
    "another execution": f"send({CALL.format(seq=10**6, step=0, ordinal=0)!r}.encode())",
    "another step": f"send({CALL!r}.format(seq=job.seq, step=1, ordinal=0).encode())",
    "a step before the first": f"send({CALL!r}.format(seq=job.seq, step=-1, ordinal=0).encode())",
    "a later ordinal": f"send({CALL!r}.format(seq=job.seq, step=0, ordinal=1).encode())",
    "twice": f"send({CALL!r}.format(seq=job.seq, step=0, ordinal=0).encode())\n"
    f"send({CALL!r}.format(seq=job.seq, step=0, ordinal=1).encode())",
    "an answer while it waits": f"send({CALL!r}.format(seq=job.seq, step=0, ordinal=0).encode())\n"
    'send(json.dumps({"seq": job.seq, "returns": {"idToken": {}, "accessToken": {}}}).encode())',
    "another kind": f"send({CALL!r}.format(seq=job.seq, step=0, ordinal=0).replace('http', 'file').encode())",
    "too long": f"send({CALL!r}.format(seq=job.seq, step=0, ordinal=0).replace('GET', 'G' * 300000).encode())",
    "no JSON": 'send(b"[1")',
    "one member more": 'send(b"[1,0,0,\\"http\\",1,{},1]")',
    "very deep": 'send(b"[" * 100000)',
}


@pytest.mark.parametrize("name", LIES)
async def test_a_worker_that_lies_about_calls_is_ended(pool: Pool, name: str) -> None:
    broker = Asked(lambda call: asleep(30))
    result = await pool.run(trial.request(takeover(f"{LIES[name]}\nhang()"), broker=broker))
    assert isinstance(result, Killed)
    assert result.cause == "died"
    assert len(broker.calls) <= 2  # it is tried again, once
    assert await trial.claims(pool, trial.rule('context.idToken["a"] = 1')) == {"a": 1}


async def test_a_worker_that_calls_when_nothing_runs_is_ended(pool: Pool) -> None:
    attack = takeover(
        f"""
        class Late:
            def __del__(self, sent=channel.sendall, text=struct.pack("<I", 99) + {CALL!r}.format(
                    seq=job.seq, step=0, ordinal=0).ljust(99).encode()):
                sent(text)
        cycle = []
        cycle.append((cycle, Late()))
        """
    )
    broker = Asked()
    before = pool.counts.workers_killed
    result = await pool.run(trial.request(attack, broker=broker))
    async with asyncio.timeout(5):
        while pool.counts.workers_killed == before:
            await asyncio.sleep(0.01)
    assert isinstance(result, Answer)
    assert broker.calls == []


# Another run of an execution


async def test_an_execution_that_only_read_is_run_again(pool: Pool) -> None:
    attack = takeover(
        f"""
        send({CALL!r}.format(seq=job.seq, step=0, ordinal=0).encode())
        channel.recv(1)
        os._exit(1)
        """
    )
    broker = Asked()
    result = await pool.run(trial.request(attack, broker=broker))
    assert isinstance(result, Killed)
    assert len(broker.calls) == 2
    broker = Asked()
    broker.changes = True
    result = await pool.run(trial.request(attack, broker=broker))
    assert isinstance(result, Killed)
    assert len(broker.calls) == 1


async def test_one_execution_lent_to_another_worker_makes_its_calls_once(anyio_backend: str) -> None:
    """It stands behind a slow one, so another worker has it, too: the first that calls keeps it."""
    pool = Pool(Limits(), workers=8, workers_per_tenant=2, queue=100)
    await pool.start()
    try:
        slow = await trial.compiled(pool, trial.rule("for n in range(1_500_000): pass"))
        calling = await trial.compiled(pool, trial.rule(GET))
        await pool.run(trial.request(calling, broker=Asked()))
        broker = Asked(lambda call: asleep(0.6))
        runs = [asyncio.create_task(pool.run(trial.request(slow)))]
        await asyncio.sleep(0)
        runs.append(asyncio.create_task(pool.run(trial.request(calling, broker=broker))))
        results = await asyncio.gather(*runs)
        assert all(isinstance(result, Answer) for result in results), results
        assert len(broker.calls) == 1
        assert isinstance(results[1], Answer)
        assert results[1].returns["idToken"] == {"got": "late"}
    finally:
        await pool.close()
