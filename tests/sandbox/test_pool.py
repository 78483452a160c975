"""The pool: who gets which process, what happens when processes end, and that nothing is left over."""

# ruff: noqa: E501

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import uvloop

from sandbox.limits import Limits
from sandbox.pool import Busy, Killed, Pool, RuleCode
from sandbox.process import SandboxUnavailable
from sandbox.wire import Answer
from tests.sandbox import trial
from tests.sandbox.takeover import takeover
from tests.sandbox.trial import eventually, rule

pytestmark = pytest.mark.anyio

Start = Callable[..., Awaitable[Pool]]
WHO = takeover("pass")


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    pools: list[Pool] = []

    async def start(limits: Limits | None = None, **bounds: int) -> Pool:
        pools.append(trial.pool(limits, **bounds))
        await pools[-1].start()
        return pools[-1]

    yield start
    for pool in pools:
        await pool.close()


async def pid(pool: Pool, key: str = "tenant", code: RuleCode = WHO) -> int:
    """The process that ran it, as the service knows it: inside its namespace it has another number, or none."""
    result = await pool.run(trial.request(code, key=key))
    assert isinstance(result, Answer), result
    worker = max(pool._tenants[key].workers, key=lambda worker: worker.idle_since)
    await eventually(lambda: worker.pid is not None)
    assert worker.pid is not None and worker.pid > 1
    return worker.pid


def alive(pid: int) -> bool:
    """Whether it has memory still: without, no code of it runs, and it waits for whoever reaps it."""
    try:
        return bool(Path(f"/proc/{pid}/cmdline").read_bytes())
    except (FileNotFoundError, ProcessLookupError):
        return False


async def test_a_worker_serves_one_tenant_for_its_life(start: Start) -> None:
    pool = await start(workers=8)
    of_tenant = {key: {await pid(pool, key) for _ in range(5)} for key in ("a", "b", "c")}
    assert [len(pids) for pids in of_tenant.values()] == [1, 1, 1]
    assert len(set.union(*of_tenant.values())) == 3


async def test_a_worker_is_recycled_after_its_executions(start: Start) -> None:
    pool = await start(Limits(recycle_executions=3))
    pids = [await pid(pool) for _ in range(7)]
    assert len(set(pids)) == 3
    assert pids == [pids[0]] * 3 + [pids[3]] * 3 + [pids[6]]
    assert pool.counts.workers_recycled == 2


async def test_one_process_per_execution(start: Start) -> None:
    pool = await start(Limits(recycle_executions=1))
    assert len({await pid(pool) for _ in range(5)}) == 5


@pytest.mark.parametrize("body", ["x = 'y' * 10 ** 10", "while True: pass"])
async def test_a_worker_that_met_a_limit_is_replaced(start: Start, body: str) -> None:
    pool = await start()
    before = await pid(pool)
    assert isinstance(await trial.run(pool, rule(body)), Answer)
    assert await pid(pool) != before


async def test_a_worker_that_has_grown_is_replaced(start: Start) -> None:
    pool = await start(Limits(recycle_growth=8 * 1024 * 1024, rule_time=2.0))
    before = await pid(pool)
    assert await trial.claims(pool, rule("x = 'y' * (20 * 1024 * 1024)")) == {}
    assert await pid(pool) != before


async def test_bounds(start: Start) -> None:
    pool = await start(workers=4, per_tenant=2)
    hang = await trial.compiled(pool, rule("for _ in range(400_000):\n    pass"))
    most = 0
    tasks = [asyncio.create_task(pool.run(trial.request(hang, key=f"t{n % 3}"))) for n in range(24)]
    while not all(task.done() for task in tasks):
        by_tenant = [len(tenant.workers) for tenant in pool._tenants.values()]
        assert max(by_tenant, default=0) <= 2
        most = max(most, len(pool._workers))
        await asyncio.sleep(0.002)
    assert most <= 4
    assert all(isinstance(task.result(), Answer) for task in tasks)


async def test_the_queue_is_bounded(start: Start) -> None:
    pool = await start(workers=1, per_tenant=1, queue=3)
    hang = await trial.compiled(pool, rule("while True: pass"))
    results = await asyncio.gather(*(pool.run(trial.request(hang)) for _ in range(12)), return_exceptions=True)
    refused = [str(result) for result in results if isinstance(result, Busy)]
    assert "too many logins of this tenant are waiting" in refused
    assert pool.counts.refused_busy == len(refused)
    assert pool.waiting == 0


async def test_how_long_an_execution_waits_for_its_turn_is_counted(start: Start) -> None:
    pool = await start(workers=1, per_tenant=1)
    slow = await trial.compiled(pool, rule("for _ in range(300_000):\n    pass"))
    began = time.monotonic()
    first = await pool.run(trial.request(slow))
    took = time.monotonic() - began
    assert isinstance(first, Answer)
    assert 0 < first.times[0] / 1e6 < took
    before = pool.counts.waits.total
    one, two, _ = await asyncio.gather(*(pool.run(trial.request(slow)) for _ in range(3)))
    assert isinstance(one, Answer) and isinstance(two, Answer)
    assert sum(pool.counts.waits.counts) == 4
    # The second waits for one, the third for two, in the queue or in the worker's channel.
    assert pool.counts.waits.total - before > (one.times[0] + two.times[0]) / 1e6
    await pool.run(trial.request(slow, background=True))
    assert sum(pool.counts.waits.counts) == 4


async def test_what_waits_over_its_deadline_is_refused(start: Start) -> None:
    pool = await start(workers=1, per_tenant=1)
    hang = await trial.compiled(pool, rule("sum(range(10 ** 12))"))
    first = asyncio.create_task(pool.run(trial.request(hang)))
    await asyncio.sleep(0)
    began = time.monotonic()
    with pytest.raises(Busy, match="the deadline came before a worker was free"):
        await pool.run(trial.request(WHO, seconds=0.1))
    assert time.monotonic() - began < 0.3
    assert isinstance(await first, Killed)


async def test_a_tenant_without_a_worker_gets_one_when_all_are_taken(start: Start) -> None:
    """One tenant keeps every worker busy, and another one comes."""
    pool = await start(workers=2, per_tenant=2)
    work = await trial.compiled(pool, rule("for _ in range(300_000):\n    pass"))
    ended = asyncio.Event()

    async def load() -> None:
        while not ended.is_set():
            await pool.run(trial.request(work, key="loud"))

    tasks = [asyncio.create_task(load()) for _ in range(8)]
    await asyncio.sleep(0.1)
    for _ in range(3):
        began = time.monotonic()
        await pid(pool, "quiet")
        assert time.monotonic() - began < 1.0
    ended.set()
    await asyncio.gather(*tasks)


async def test_fifty_tenants_at_once(start: Start) -> None:
    pool = await start(workers=6)
    code = await trial.compiled(pool, rule("context.idToken.who = user.email"))
    results = await asyncio.gather(
        *(pool.run(trial.request(code, key=f"t{n}", user={"email": str(n)})) for n in range(50) for _ in range(4))
    )
    found = [result.returns["idToken"]["who"] for result in results if isinstance(result, Answer)]
    assert found == [str(n) for n in range(50) for _ in range(4)]
    assert len(pool._workers) <= 6


async def test_killed_workers_are_replaced_under_load(start: Start) -> None:
    pool = await start(workers=4, per_tenant=3)
    code = await trial.compiled(pool, rule("for _ in range(50_000):\n    pass\ncontext.idToken.who = user.email"))
    ended = asyncio.Event()

    async def kill() -> None:
        while not ended.is_set():
            for worker in list(pool._workers)[:1]:
                if worker.pid is not None:
                    with contextlib.suppress(ProcessLookupError):  # it has ended, and nobody has noticed yet
                        os.kill(worker.pid, signal.SIGKILL)
            await asyncio.sleep(0.03)

    killer = asyncio.create_task(kill())
    results = await asyncio.gather(*(pool.run(trial.request(code, user={"email": str(n)})) for n in range(90)))
    ended.set()
    await killer
    answers = [result.returns["idToken"]["who"] for result in results if isinstance(result, Answer)]
    gone = [result for result in results if isinstance(result, Killed)]
    # Every login is answered; one that was killed twice is said to have died.
    assert len(answers) + len(gone) == 90
    assert all(result.cause == "died" for result in gone)
    assert len(answers) > 60
    assert pool.counts.workers_died > 0


async def test_the_zygote_is_replaced_under_load(start: Start) -> None:
    pool = await start()
    code = await trial.compiled(pool, rule("for _ in range(500_000):\n    pass\ncontext.idToken.who = user.email"))
    tasks = [asyncio.create_task(pool.run(trial.request(code, user={"email": str(n)}))) for n in range(40)]
    await eventually(lambda: pool.busy > 0)
    assert pool._workers.zygote is not None and pool._workers.zygote.pid is not None
    os.kill(pool._workers.zygote.pid, signal.SIGKILL)
    results = await asyncio.gather(*tasks)
    assert [r.returns["idToken"]["who"] for r in results if isinstance(r, Answer)] == [str(n) for n in range(40)]
    await eventually(lambda: pool.counts.zygote_starts == 2)
    assert pool.hello is not None


async def test_scripts_are_compiled_though_the_zygote_dies_twice(start: Start) -> None:
    """A script is not blamed for a child that dies with its zygote."""
    pool = await start()
    # Long ones, so that children are at work when the zygote dies.
    scripts = [rule("\n".join(f"context.idToken.a{n} = {k}" for n in range(1500))) for k in range(4)]
    compiling = [asyncio.create_task(pool.compile(script)) for script in scripts]
    for starts in (1, 2):
        await eventually(lambda: pool._compilers.children and pool._workers.zygote.alive and pool._workers.zygote.pid)  # type: ignore[union-attr]
        assert pool._workers.zygote is not None and pool._workers.zygote.pid is not None
        assert not all(task.done() for task in compiling)
        os.kill(pool._workers.zygote.pid, signal.SIGKILL)
        await eventually(lambda starts=starts: pool.counts.zygote_starts > starts)  # type: ignore[misc]
    for compiled in await asyncio.gather(*compiling):
        assert compiled.problems == []
        assert compiled.code


async def test_a_script_whose_children_die_twice_is_blamed(start: Start) -> None:
    """The zygote lives on: it is the script that ends them, as far as anybody can tell."""
    pool = await start()
    script = rule("\n".join(f"context.idToken.a{n} = {n}" for n in range(1500)))
    compiling = asyncio.create_task(pool.compile(script))
    killed: set[int] = set()
    while not compiling.done():
        for child in list(pool._compilers.children):
            if child.pid is not None and child.pid not in killed:
                os.kill(child.pid, signal.SIGKILL)
                killed.add(child.pid)
        await asyncio.sleep(0.001)
    (problem,) = (await compiling).problems
    assert (problem.code, problem.message) == ("compile_crashed", "the script ends the compiler: simplify it")
    assert len(killed) == 2
    assert pool.counts.zygote_starts == 1


# Descriptors are counted in an event loop for this alone: meanwhile no other pool takes any, or gives them back.


@contextlib.asynccontextmanager
async def alone(limits: Limits | None = None, **bounds: int) -> AsyncIterator[Pool]:
    pool = trial.pool(limits, **bounds)
    try:
        await pool.start()
        yield pool
    finally:
        await pool.close()


def test_close_leaves_nothing() -> None:
    async def close() -> None:
        before = trial.open_files()
        async with alone(Limits(rule_time=60.0), workers=4) as pool:
            hang = await trial.compiled(pool, rule("sum(range(10 ** 12))"))
            keys = ("t0", "t1", "t2", "t0")
            tasks = [asyncio.create_task(pool.run(trial.request(hang, key=key, seconds=60.0))) for key in keys]
            compiling = asyncio.create_task(pool.compile("def rule(user, context): pass"))
            await eventually(lambda: len(pool.processes) >= 4)
            processes = pool.processes
            await pool.close()
            assert [type(result) for result in await asyncio.gather(*tasks, return_exceptions=True)] == [Busy] * 4
            await asyncio.gather(compiling, return_exceptions=True)
            await eventually(lambda: not any(alive(pid) for pid in processes))
            assert trial.open_files() == before
            with pytest.raises(Busy, match="the service is stopping"):
                await pool.run(trial.request(hang))

    asyncio.run(close())


def test_two_hundred_deaths_leak_no_descriptor() -> None:
    async def deaths() -> None:
        async with alone(workers=2, per_tenant=1) as pool:

            def whole() -> bool:
                return len([worker for worker in pool._workers if worker.pid is not None]) == 2

            await pid(pool)
            await eventually(whole)
            before = trial.open_files()
            for _ in range(200):
                victim = await pid(pool)
                os.kill(victim, signal.SIGKILL)
                await eventually(lambda victim=victim: victim not in pool.processes)  # type: ignore[misc]
            await pid(pool)
            await eventually(whole)
            await eventually(lambda: trial.open_files() <= before)

    asyncio.run(deaths())


async def test_everything_dies_with_the_service() -> None:
    code = (
        "import asyncio\nfrom tests.sandbox import trial\nasync def main():\n    pool = trial.pool()\n    await pool.start()\n"
        "    await trial.claims(pool, trial.rule('pass'))\n    while sum(worker.pid is not None for worker in pool._workers) < 2:\n        await asyncio.sleep(0.01)\n    print(*pool.processes, flush=True)\n    await asyncio.sleep(60)\n"
        "asyncio.run(main())"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as service:
        try:
            assert service.stdout is not None
            pids = [int(pid) for pid in service.stdout.readline().split()]
            assert len([pid for pid in pids if alive(pid)]) >= 3
        finally:
            service.kill()
    await eventually(lambda: not any(alive(pid) for pid in pids))


async def test_an_execution_that_is_given_up_does_not_stop_the_next(start: Start) -> None:
    pool = await start(workers=1, per_tenant=1)
    slow = await trial.compiled(pool, rule("for _ in range(1_000_000):\n    pass"))
    tasks = [asyncio.create_task(pool.run(trial.request(slow))) for _ in range(3)]
    await asyncio.sleep(0.01)
    for task in tasks:
        task.cancel()
    assert await pid(pool) > 0
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_tenant_that_is_gone_is_forgotten(start: Start) -> None:
    pool = await start(workers=2)
    for n in range(20):
        await pid(pool, f"t{n}")
    await eventually(lambda: len(pool._tenants) <= 2)


async def test_one_process_for_one_execution() -> None:
    """However many wait: a worker that is replaced after one execution is never given a second one."""
    pool = trial.pool(Limits(recycle_executions=1), workers=4, per_tenant=4)
    await pool.start()
    try:
        code = await trial.compiled(pool, rule("context.idToken.a = 1"))
        answers = await asyncio.gather(*(pool.run(trial.request(code, seconds=20.0)) for _ in range(30)))
        assert all(isinstance(answer, Answer) and answer.returns["idToken"] == {"a": 1} for answer in answers)
        assert pool.counts.executions == 30
        assert pool.counts.workers_recycled == 30
    finally:
        await pool.close()


async def test_those_behind_a_slow_one_go_elsewhere() -> None:
    """A login that takes its time keeps nobody waiting for longer than it takes to notice."""
    pool = trial.pool(Limits(rule_time=2.0), workers=4, per_tenant=2)
    await pool.start()
    try:
        slow = await trial.compiled(
            pool, rule("for _ in range(10**6):\n    if user.get('slow') is None:\n        break")
        )
        patient = {**trial.USER, "slow": True}
        await asyncio.gather(*(pool.run(trial.request(slow)) for _ in range(4)))  # two workers are there
        began = time.monotonic()
        late = [asyncio.ensure_future(pool.run(trial.request(slow, user=patient)))]
        quick = [asyncio.ensure_future(pool.run(trial.request(slow))) for _ in range(6)]
        await asyncio.gather(*quick)
        took = time.monotonic() - began
        assert not late[0].done()
        assert isinstance(await late[0], Answer)
        assert took < (time.monotonic() - began) / 2
        assert pool.counts.workers_killed == 0
    finally:
        await pool.close()


def test_a_service_that_stood_still_blames_no_worker() -> None:
    """Answers that came while the service did nothing are read before anybody is killed for being late."""

    async def stand_still() -> tuple[int, int]:
        pool = trial.pool(workers=3, per_tenant=1)
        await pool.start()
        reader, writer = os.pipe()

        def still() -> None:
            os.read(reader, 1)
            time.sleep(0.3)  # the workers go on

        # The service's own event loop reads, runs its timers, and reads again: this is while it reads.
        asyncio.get_running_loop().add_reader(reader, still)
        try:
            code = await trial.compiled(pool, rule("context.idToken.a = 1"))
            for _ in range(10):
                await pool.run(trial.request(code))
                os.write(writer, b"x")
                await pool.run(trial.request(code))
                await asyncio.sleep(0.03)
            return pool.counts.workers_killed, pool.counts.retries
        finally:
            asyncio.get_running_loop().remove_reader(reader)
            os.close(reader)
            os.close(writer)
            await pool.close()

    assert uvloop.run(stand_still()) == (0, 0)


def test_what_cannot_be_started_for_want_of_descriptors_takes_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes on by itself once there are some again."""
    tries = 0

    def exhausted(*_: object, **__: object) -> Any:
        nonlocal tries
        tries += 1
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    async def starve(module: Any, name: str, victim: Callable[[Pool], int], times: int) -> None:
        async with alone(workers=1) as pool, asyncio.timeout(30):
            first = await pid(pool)
            before = trial.open_files()
            with monkeypatch.context() as patched:
                patched.setattr(module, name, exhausted)
                os.kill(victim(pool), signal.SIGKILL)
                await eventually(lambda: first not in pool.processes)
                while tries < times:
                    with contextlib.suppress(Busy, SandboxUnavailable):
                        await pool.run(trial.request(WHO, seconds=0.1))
                    await asyncio.sleep(0.02)
                assert trial.open_files() < before
            assert await pid(pool) != first
            await eventually(lambda: trial.open_files() <= before)

    asyncio.run(starve(os, "pipe2", lambda pool: pool.processes[0], 5))
    tries = 0
    asyncio.run(starve(subprocess, "Popen", lambda pool: pool.processes[-1], 2))
