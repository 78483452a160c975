"""Calls of a worker that was taken over, and of one that dies: what it sends, what it says, what is run again."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from sandbox.exchanges import HttpAnswer
from sandbox.limits import Limits
from sandbox.pool import Busy, Killed, Pool
from sandbox.process import Worker
from sandbox.wire import Answer, Call
from tests.sandbox import trial
from tests.sandbox.asked import Asked, asleep
from tests.sandbox.takeover import takeover
from tests.sandbox.trial import eventually

pytestmark = pytest.mark.anyio

QUICK = 'context.idToken["quick"] = True'
GET = 'context.idToken["got"] = http.get("https://example.com/a").text'
Start = Callable[..., Awaitable[Pool]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """A pool of a test's own."""
    pools: list[Pool] = []

    async def start(limits: Limits | None = None, workers: int = 4, per_tenant: int = 2) -> Pool:
        pools.append(trial.pool(limits, workers=workers, per_tenant=per_tenant))
        await pools[-1].start()
        return pools[-1]

    yield start
    for pool in pools:
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
    "no text": f"send({CALL!r}.format(seq=job.seq, step=0, ordinal=0).encode().replace(b'GET', b'\\xff'))",
    "another request": f"send({CALL!r}.format(seq=job.seq, step=0, ordinal=0).replace('url', 'uri').encode())",
    "a member more": f"send({CALL!r}.format(seq=job.seq, step=0, ordinal=0).replace('{{', '{{\"a\":[[1]],').encode())",
    "a deep value": """
text = json.dumps([job.seq, 0, 0, "cache", 1, {"op": "set", "key": "a", "value": [0]}])
send(text.replace("[0]", "[" * 900 + "]" * 900).encode())""",
    "far away": f"send({CALL!r}.format(seq=job.seq, step=0, ordinal=0).replace(',1,{{', ',9999999,{{').encode())",
}


@pytest.mark.parametrize("name", LIES)
async def test_a_worker_that_lies_about_calls_is_ended(pool: Pool, name: str) -> None:
    broker = Asked(lambda call: asleep(30))
    result = await pool.run(trial.request(takeover(f"{LIES[name]}\nhang()"), broker=broker))
    assert isinstance(result, Killed)
    assert result.cause == "died"
    assert len(broker.calls) <= 2  # it is tried again, once
    assert broker.calls == [] or name in ("twice", "an answer while it waits")
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


async def test_answers_that_a_worker_does_not_read_do_not_pile_up(pool: Pool) -> None:
    """It may ask for the next one only when it has taken the last: else the service would keep them all for it."""

    async def much(call: Call) -> HttpAnswer:
        return HttpAnswer(status=200, body="x" * 1_000_000)

    attack = takeover(
        f"""
        for n in range(50):
            send({CALL!r}.format(seq=job.seq, step=0, ordinal=n).encode())
            wait(0.02)
        hang()
        """
    )
    broker = Asked(much)
    broker.changes = True
    result = await pool.run(trial.request(attack, broker=broker))
    assert isinstance(result, Killed)
    assert result.cause == "died"
    assert len(broker.calls) <= 2


async def test_a_call_of_a_worker_that_was_killed_is_not_made(start: Start) -> None:
    """What it has sent before its end is read after it."""
    pool = await start()
    send = f"send({CALL!r}.format(seq=job.seq, step=0, ordinal=0).encode())"
    broker = Asked()
    broker.changes = True
    run = asyncio.create_task(pool.run(trial.request(takeover(f"wait(0.1)\n{send}\nhang()"), broker=broker)))
    await eventually(lambda: pool.busy)
    worker = next(worker for worker in pool._workers if worker.in_flight)
    await eventually(lambda: worker.pid is not None)
    time.sleep(0.5)  # the call comes, and waits in the channel
    worker.kill("time")
    assert isinstance(await run, Killed)
    assert broker.calls == []


async def test_nothing_of_a_login_that_was_taken_back_stays(start: Start) -> None:
    """What was queued behind a call is another worker's then."""
    pool = await start(workers=8, per_tenant=1)
    attack = takeover(
        """
        caller = frame.f_locals["caller"]
        answer = caller.ask(0, 0, "http", b'{"method":"GET","url":"https://example.com/"}', 1)
        context["idToken"]["seen"] = "canary" in repr([kept for kept in vars(caller).values() if type(kept) is list])
        """
    )
    quick = await trial.compiled(pool, trial.rule("context.idToken.mail = user.email"))
    broker = Asked(lambda call: asleep(0.2))
    runs = [asyncio.create_task(pool.run(trial.request(attack, broker=broker)))]
    await asyncio.sleep(0)
    runs += [asyncio.create_task(pool.run(trial.request(quick, user={"email": "canary"}))) for _ in range(4)]
    first, *others = await asyncio.gather(*runs)
    assert isinstance(first, Answer)
    assert first.returns["idToken"] == {"seen": False}
    assert [other.returns["idToken"] for other in others if isinstance(other, Answer)] == [{"mail": "canary"}] * 4


@pytest.mark.parametrize("left", [2, 6, 10, 15, 20, 30])
async def test_a_rule_without_room_for_the_answer_is_told_so(pool: Pool, left: int) -> None:
    """Before the call, while it can be told. The longest answer is one whose every byte is escaped."""

    async def longest(call: Call) -> HttpAnswer:
        return HttpAnswer(status=200, body="\x01" * 1024 * 1024)

    script = trial.rule(
        f"""
        kept = []
        try:
            while True:
                kept.append(bytes(1024 * 1024))
        except MemoryError:
            for n in range({left}):
                kept.pop()
        try:
            context.idToken.size = len(http.get("https://example.com/").content)
        except MemoryError:
            kept.clear()
            context.idToken.told = True
        """
    )
    result = await trial.answer(pool, script, broker=Asked(longest))
    assert trial.outcomes(result) == ["passed"], trial.errors(result)
    assert result.returns["idToken"] in ({"told": True}, {"size": 1024 * 1024})


def test_what_comes_behind_garbage_is_dropped() -> None:
    """A worker may go on sending until it has ended: the service keeps none of it."""
    frames: list[bytes] = []
    worker = Worker(lambda worker, body: frames.append(body), lambda worker: None, limit=10)
    for _ in range(100):
        worker.data_received(b"\xff" * 1000)
    assert (frames, worker.late) == ([], "a frame over the size limit")
    assert len(worker._buffer) == 0


# A broker that does not answer


async def test_a_call_that_was_given_up_ends_its_worker(pool: Pool) -> None:
    """Nobody waits until the deadline for an answer that will not come."""

    async def given_up(call: Call) -> HttpAnswer:
        raise asyncio.CancelledError

    broker = Asked(given_up)
    result = await trial.run(pool, trial.rule(GET), broker=broker, seconds=30.0)
    assert isinstance(result, Killed)
    assert result.cause == "died"


def test_the_pool_closes_while_calls_are_going_on() -> None:
    """In an event loop for this alone: meanwhile no other pool takes descriptors, or gives them back."""

    async def close() -> None:
        before = trial.open_files()
        pool = trial.pool(workers=12, per_tenant=4)
        try:
            await pool.start()
            calling = await trial.compiled(pool, trial.rule(GET))
            broker = Asked(lambda call: asleep(60))
            request = trial.request(calling, broker=broker, seconds=60.0)
            runs = [asyncio.create_task(pool.run(request)) for _ in range(6)]
            await eventually(lambda: pool.calling == 6)
        finally:
            await pool.close()
        assert [type(result) for result in await asyncio.gather(*runs, return_exceptions=True)] == [Busy] * 6
        assert (broker.cancelled, pool.calling) == (6, 0)
        assert trial.open_files() == before

    asyncio.run(close())


# Another run of an execution


async def test_a_worker_that_is_slow_to_go_on_is_not_ended(pool: Pool) -> None:
    """Where many are answered at once, some take up their answers late: the machine is busy, and they are not stuck."""
    stopped = asyncio.Event()

    async def held(call: Call) -> HttpAnswer:
        await stopped.wait()
        return HttpAnswer(status=200, body="hello")

    broker = Asked(held)
    code = await trial.compiled(pool, trial.rule(GET))
    run = asyncio.create_task(pool.run(trial.request(code, broker=broker)))
    await eventually(lambda: broker.calls)
    worker = next(worker for worker in pool._workers if worker.calling.going_on)
    await eventually(lambda: worker.pid is not None)
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGSTOP)
    stopped.set()
    await asyncio.sleep(0.4)
    assert not worker.calling.going_on
    os.kill(worker.pid, signal.SIGCONT)
    assert isinstance(await run, Answer)
    assert len(broker.calls) == 1


async def test_what_may_have_changed_something_is_not_run_again_for_a_zygote(start: Start) -> None:
    pool = await start()
    broker = Asked(lambda call: asleep(30))
    broker.changes = True
    run = asyncio.create_task(trial.run(pool, trial.rule(GET), broker=broker))
    await eventually(lambda: broker.calls)
    assert pool._workers.zygote is not None and pool._workers.zygote.pid is not None
    os.kill(pool._workers.zygote.pid, signal.SIGKILL)
    result = await run
    assert isinstance(result, Killed)
    assert (result.cause, result.step, len(broker.calls)) == ("died", 0, 1)


@pytest.mark.parametrize(
    "claim", ["claim(job.seq, 0, 2, 0, 0)", "claim(0, 0, 0, 0, 0)", "claim(job.seq - 1, 0, 1, 0, 0)"]
)
@pytest.mark.parametrize("changes", [False, True])
async def test_what_has_made_a_call_has_begun_whatever_its_worker_says(pool: Pool, claim: str, changes: bool) -> None:
    attack = takeover(
        f"""
        send({CALL!r}.format(seq=job.seq, step=0, ordinal=0).encode())
        channel.recv(1)
        {claim}
        os._exit(1)
        """
    )
    broker = Asked()
    broker.changes = changes
    await trial.claims(pool, trial.rule(QUICK))  # an earlier job, which might be to blame
    result = await pool.run(trial.request(attack, broker=broker))
    assert isinstance(result, Killed)
    assert len(broker.calls) == (1 if changes else 2)


async def test_a_worker_that_blames_others_has_few_tries(pool: Pool) -> None:
    """There was no job before it whose finalisers could have ended the worker."""
    before = pool.counts.workers_started
    result = await pool.run(trial.request(takeover("claim(job.seq, 0, 2, 0, 0)\nos._exit(1)"), key="blaming"))
    assert isinstance(result, Killed)
    assert pool.counts.workers_started - before <= 6


async def test_the_run_that_has_made_the_calls_is_the_one_that_counts(start: Start) -> None:
    """It was lent to another worker, which called; the first one then ran it too, and found an end without calls."""
    pool = await start(Limits(rule_time=2.0))
    twofold = takeover(
        """
        if frame.f_locals["count"] == 0:
            caller = frame.f_locals["caller"]
            caller.ask(0, 0, "http", b'{"method":"GET","url":"https://example.com/"}', 1)
            context["idToken"]["called"] = True
        """
    )
    slow = await trial.compiled(pool, trial.rule("for n in range(4_000_000): pass"))
    assert isinstance(await trial.run(pool, trial.rule(QUICK)), Answer)
    await eventually(lambda: pool._workers.spares and pool._workers.spares[0].pid)
    broker = Asked(lambda call: asleep(0.6))
    runs = [asyncio.create_task(pool.run(trial.request(slow)))]
    await asyncio.sleep(0)
    runs.append(asyncio.create_task(pool.run(trial.request(twofold, broker=broker))))
    _, result = await asyncio.gather(*runs)
    assert len(broker.calls) == 1
    assert isinstance(result, Answer)
    assert result.returns["idToken"] == {"called": True}


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


async def test_what_has_called_and_stands_elsewhere_too_ends_by_its_deadline(start: Start) -> None:
    """It was begun: the login ends as one that took too long, and not as one that nobody had time for."""
    pool = await start(Limits(rule_time=5.0))
    slow = await trial.compiled(pool, trial.rule("while True: pass"))
    calling = await trial.compiled(pool, trial.rule(GET))
    assert isinstance(await trial.run(pool, trial.rule(QUICK)), Answer)
    await eventually(lambda: pool._workers.spares and pool._workers.spares[0].pid)
    broker = Asked(lambda call: asleep(60))
    first = asyncio.create_task(pool.run(trial.request(slow)))
    await asyncio.sleep(0)
    result = await pool.run(trial.request(calling, broker=broker, seconds=1.0))
    assert not first.done()
    assert isinstance(result, Killed)
    assert (result.cause, result.step, len(broker.calls)) == ("deadline", 0, 1)
    first.cancel()


async def test_one_execution_lent_to_another_worker_makes_its_calls_once(anyio_backend: str) -> None:
    """It stands behind a slow one, so another worker has it, too: the first that calls keeps it."""
    pool = trial.pool(workers=8)
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


# All at once

ACTS = f"""
send({CALL!r}.format(seq=job.seq, step=0, ordinal=n).encode()); n += 1
send({CALL!r}.format(seq=job.seq, step=0, ordinal=n).encode()); n += 1; channel.recv(1 << 20)
claim(job.seq, 0, 3, 0, time.monotonic_ns())
claim(job.seq, 0, 2, 0, 0)
claim(job.seq - 1, 0, 1, 0, 0)
claim(2**63, -5, 7, 2**31, 2**63)
send(json.dumps({{"seq": job.seq}}).encode())
channel.sendall(struct.pack("<I", 8_000_000) + b"[" * 300_000)
os._exit(0)
wait(0.02)
return
hang()
send(b"")
""".strip().split("\n")


@pytest.mark.parametrize("seed", range(3))
async def test_every_login_ends_among_lies_deaths_and_calls_that_are_given_up(start: Start, seed: int) -> None:
    """Whatever comes together: each execution is answered or refused, and nothing stays counted as a call."""
    chance = random.Random(seed)
    pool = await start(workers=12)
    calling = await trial.compiled(pool, trial.rule(f"{GET}\nfor n in range(10_000): pass"))
    quick = await trial.compiled(pool, trial.rule(QUICK))

    async def answers(call: Call) -> HttpAnswer:
        await asyncio.sleep(chance.choice([0, 0, 0.02, 0.2]))
        if chance.random() < 0.05:
            raise asyncio.CancelledError
        return HttpAnswer(status=200, body=chance.choice(["held", "x" * 900_000]))

    async def logins() -> None:
        for _ in range(12):
            lies = "\n".join(["n = 0", *chance.choices(ACTS, k=5)])
            code = chance.choice([calling, quick, takeover(lies)])
            broker = Asked(answers)
            broker.changes = chance.random() < 0.3
            key, background = chance.choice("ab"), chance.random() < 0.1
            request = trial.request(
                code, key=key, broker=broker, background=background, seconds=chance.choice([0.2, 2])
            )
            run = asyncio.create_task(pool.run(request))
            if chance.random() < 0.05:
                await asyncio.sleep(0.01)
                run.cancel()
            with contextlib.suppress(Busy, asyncio.CancelledError):
                async with asyncio.timeout(20):
                    await run

    async def deaths() -> None:
        for _ in range(10):
            await asyncio.sleep(chance.random() * 0.2)
            living = [worker.pid for worker in pool._workers if worker.pid is not None]
            if living:
                with contextlib.suppress(ProcessLookupError):  # it has ended, and nobody has noticed yet
                    os.kill(chance.choice(living), signal.SIGKILL)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(deaths())
        for _ in range(12):
            tasks.create_task(logins())
    await eventually(lambda: pool.calling == pool.waiting == 0)
    assert [worker for worker in pool._workers if worker.calling.going_on] == []
    for key in "ab":
        assert isinstance(await pool.run(trial.request(quick, key=key)), Answer)
