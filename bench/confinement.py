"""What confinement costs: an execution, its CPU, and the start of a worker, with and without each group of layers.

    python -m bench.confinement [--rounds N] [--json]

The real pool runs a real rule. The variants take turns, a short batch of each in every round, so that a busy machine is
busy for all of them; what is shown are medians over all rounds, and how they compare with everything in force.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import statistics
import sys
import time
from collections.abc import Iterable
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field

from rich import box
from rich.console import Console
from rich.progress import track
from rich.table import Table

from sandbox.layers import ESSENTIAL
from sandbox.limits import Limits
from sandbox.pool import Pool, Request, RuleCode
from sandbox.process import Worker, ZygoteProcess
from sandbox.wire import Answer, Job, JobRule, frame, to_worker
from tests.sandbox.leaving_off import LANDLOCK, NAMESPACES, leaving_off

VARIANTS: dict[str, tuple[str, ...]] = {
    "everything": (),
    "no namespaces": NAMESPACES,
    "no Landlock": LANDLOCK,
    "no filter of system calls": ("system_calls",),
    "none of the three": (*NAMESPACES, *LANDLOCK, "system_calls"),
}
EXECUTIONS, STARTS = 100, 10  # in each round
SCRIPT = """
import re

NAMESPACE = "https://example.com/"

def rule(user, context):
    roles = sorted(user.app_metadata.get("roles", []))
    groups = {}
    for permission in user.permissions:
        action, _, thing = permission.partition(":")
        groups.setdefault(thing, []).append(action)
    domain = user.email.rpartition("@")[2].lower()
    context.idToken[NAMESPACE + "roles"] = roles
    context.idToken[NAMESPACE + "permissions"] = {thing: sorted(actions) for thing, actions in groups.items()}
    context.idToken[NAMESPACE + "staff"] = bool(re.fullmatch(r"(.+[.])?example[.]com", domain))
    context.accessToken[NAMESPACE + "logins"] = context.stats["loginsCount"] + 1
"""
USER = {
    "user_id": "auth0|1",
    "email": "ada@example.com",
    "permissions": [f"{action}:{thing}" for thing in ("reports", "users", "keys") for action in ("read", "write")],
    "app_metadata": {"roles": ["staff", "admin"]},
}
CONTEXT = {"clientID": "client", "stats": {"loginsCount": 7}}


@dataclass
class Samples:
    """Of one variant; times in seconds, CPU as the mean of each batch."""

    execution: list[float] = field(default_factory=list)
    service_cpu: list[float] = field(default_factory=list)
    worker_cpu: list[float] = field(default_factory=list)
    worker_start: list[float] = field(default_factory=list)
    start_cpu: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Row:
    """Medians of one variant, in microseconds; `*_ratio` compares with everything in force."""

    variant: str
    execution_us: float
    execution_p99_us: float
    execution_ratio: float
    cpu_us: float
    cpu_ratio: float
    worker_start_us: float
    worker_start_ratio: float
    start_cpu_us: float
    start_cpu_ratio: float


class Variant:
    def __init__(self, pool: Pool, zygote: ZygoteProcess, code: RuleCode) -> None:
        self._pool = pool
        self._zygote = zygote
        self._code = code
        self.samples = Samples()

    def _request(self) -> Request:
        return Request(
            key="tenant",
            user=json.dumps(USER).encode(),
            context=json.dumps(CONTEXT).encode(),
            rules=(self._code,),
            maps=("idToken", "accessToken"),
            returns=("idToken", "accessToken"),
            clock=time.time_ns(),
            seed=bytes(32),
            deadline=time.monotonic() + 10,
        )

    async def execute(self, count: int) -> None:
        """Executions one after another in a warm worker."""
        await self._pool.run(self._request())
        (worker,) = self._pool._tenants["tenant"].workers
        assert worker.pid is not None
        service, before = time.process_time(), _cpu(worker.pid)
        for _ in range(count):
            request = self._request()
            began = time.perf_counter()
            result = await self._pool.run(request)
            self.samples.execution.append(time.perf_counter() - began)
            assert isinstance(result, Answer) and result.denial is None, result
        self.samples.service_cpu.append((time.process_time() - service) / count)
        self.samples.worker_cpu.append((_cpu(worker.pid) - before) / count)

    async def start_worker(self) -> None:
        """From asking for a worker to its first answer; the CPU is that of the zygote and the worker."""
        answered = asyncio.get_running_loop().create_future()

        def on_answer(worker: Worker, body: bytes) -> None:
            answered.set_result(body)

        def on_end(worker: Worker) -> None:
            ended.set()

        ended = asyncio.Event()
        request = self._request()
        rules = (JobRule(self._code.digest, self._code.code, False),)
        job = Job(1, request.user, request.context, rules, request.maps, request.returns, request.clock, request.seed)
        assert self._zygote.pid is not None
        began, before = time.perf_counter(), _cpu(self._zygote.pid)
        worker = await Worker.start(self._zygote, "worker", on_answer, on_end, 1 << 20)
        worker.send(frame(to_worker.encode(job)))
        await asyncio.wait_for(answered, 10)
        self.samples.worker_start.append(time.perf_counter() - began)
        while worker.pid is None:  # noqa: ASYNC110  the zygote's report comes on its own way
            await asyncio.sleep(0)
        self.samples.start_cpu.append(_cpu(self._zygote.pid) - before + _cpu(worker.pid))
        worker.kill()
        await ended.wait()


def _cpu(pid: int) -> float:
    """Seconds of CPU that a process has used, from the clock that the kernel keeps for it."""
    return time.clock_gettime((~pid << 3) | 2)


async def measure(rounds: int, quiet: bool) -> list[Row]:
    variants: dict[str, Variant] = {}
    limits = Limits(recycle_executions=1_000_000_000)
    async with AsyncExitStack() as stack:
        for name, off in VARIANTS.items():
            with leaving_off(off):
                pool = Pool(limits, workers=2, workers_per_tenant=1, queue=10, unconfined_by=ESSENTIAL)
                zygote = ZygoteProcess(limits, lambda _: None, ESSENTIAL)
                stack.push_async_callback(pool.close)
                await pool.start()
                stack.push_async_callback(zygote.stop)
                await zygote.start()
            compiled = await pool.compile(SCRIPT)
            assert compiled.code, compiled.problems
            variants[name] = Variant(
                pool, zygote, RuleCode(hashlib.sha256(SCRIPT.encode()).hexdigest(), compiled.code, False)
            )
            await variants[name].execute(EXECUTIONS)
            await variants[name].start_worker()
            variants[name].samples = Samples()  # that was the warm-up
        for number in _progress(range(rounds), quiet):
            turns = list(variants.values())
            for variant in turns[number % len(turns) :] + turns[: number % len(turns)]:
                await variant.execute(EXECUTIONS)
                for _ in range(STARTS):
                    await variant.start_worker()
    return rows({name: variant.samples for name, variant in variants.items()})


def _progress(numbers: Iterable[int], quiet: bool) -> Iterable[int]:
    errors = Console(stderr=True)
    return track(list(numbers), "rounds", console=errors, transient=True, disable=quiet or not errors.is_terminal)


def rows(samples: dict[str, Samples]) -> list[Row]:
    def medians(of: Samples) -> tuple[float, float, float, float]:
        cpu = statistics.median(map(sum, zip(of.service_cpu, of.worker_cpu, strict=True)))
        execution, start, start_cpu = map(statistics.median, (of.execution, of.worker_start, of.start_cpu))
        return execution * 1e6, cpu * 1e6, start * 1e6, start_cpu * 1e6

    base = medians(samples["everything"])
    table = []
    for name, of in samples.items():
        execution, cpu, start, start_cpu = medians(of)
        table.append(
            Row(
                variant=name,
                execution_us=execution,
                execution_p99_us=statistics.quantiles(of.execution, n=100)[98] * 1e6,
                execution_ratio=execution / base[0],
                cpu_us=cpu,
                cpu_ratio=cpu / base[1],
                worker_start_us=start,
                worker_start_ratio=start / base[2],
                start_cpu_us=start_cpu,
                start_cpu_ratio=start_cpu / base[3],
            )
        )
    return table


def show(found: list[Row], rounds: int) -> None:
    terminal = sys.stdout.isatty()
    table = Table(
        title="What confinement costs",
        caption=f"medians of {rounds} rounds; x is against everything",
        box=box.HEAVY_HEAD if terminal else None,
    )
    table.add_column("in force")
    for heading in ("execution", "p99", "x", "CPU", "x", "worker start", "x", "CPU", "x"):
        table.add_column(heading, justify="right")
    for row in found:
        table.add_row(
            row.variant,
            f"{row.execution_us:.0f} µs",
            f"{row.execution_p99_us:.0f} µs",
            f"{row.execution_ratio:.2f}",
            f"{row.cpu_us:.0f} µs",
            f"{row.cpu_ratio:.2f}",
            f"{row.worker_start_us / 1000:.2f} ms",
            f"{row.worker_start_ratio:.2f}",
            f"{row.start_cpu_us / 1000:.2f} ms",
            f"{row.start_cpu_ratio:.2f}",
        )
    Console(width=None if terminal else 110).print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=20, help="how often each variant has its turn")
    parser.add_argument("--json", action="store_true", help="print the rows as JSON")
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("--rounds: give 1 or more")
    found = asyncio.run(measure(options.rounds, options.json))
    if options.json:
        print(json.dumps([asdict(row) for row in found], indent=2))
    else:
        show(found, options.rounds)


if __name__ == "__main__":
    main()
