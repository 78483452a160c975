"""What is measured. Every section answers rows for a table: plain values, with the ratios of each round's own."""

from __future__ import annotations

import contextlib
import functools
import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import machine, servers
from bench.bodies import bodies
from bench.load import Closed, closed, open_
from bench.servers import RULES, Server

Say = Callable[[str], None]
Row = dict[str, Any]
Start = Callable[[], contextlib.AbstractContextManager[Server]]

BARE, OURS, ONE = "bare Starlette, constant", "Claimsmith", "Claimsmith, a process for each"
TRUSTED, ISOLATED, NODE_VM = "trusted functions in Starlette", "isolated-vm, kept", "node:vm, for each request"
COMPILED, NAIVE = "compiled for each request", "RestrictedPython, the usual way"
VARIANTS: dict[str, Start] = {
    BARE: lambda: servers.python("bare"),
    OURS: lambda: servers.claimsmith(),
    ONE: lambda: servers.claimsmith(RECYCLE_AFTER="1"),
    TRUSTED: lambda: servers.python("trusted"),
    ISOLATED: lambda: servers.node("isolated"),
    NODE_VM: lambda: servers.node("vm"),
    COMPILED: lambda: servers.python("compiled"),
    NAIVE: lambda: servers.python("naive"),
}
COMPARED = 1000  # bodies that all variants have to decide on in the same way, before anything is timed


def available() -> dict[str, Start]:
    """The variants that this machine can run: those of Node.js need it, and `isolated-vm` built."""
    missing = set() if shutil.which("node") else {NODE_VM, ISOLATED}
    if not (servers.ROOT / "build/bench/node_modules/isolated-vm/out/isolated_vm.node").exists():
        missing.add(ISOLATED)
    return {name: start for name, start in VARIANTS.items() if name not in missing}


class Different(Exception):
    """Two variants do not answer the same."""


@dataclass(frozen=True)
class Plan:
    rounds: int
    seconds: float  # of each variant in each round
    say: Say


@contextlib.contextmanager
def started(variants: dict[str, Start]) -> Iterator[dict[str, Server]]:
    with contextlib.ExitStack() as stack:
        yield {name: stack.enter_context(start()) for name, start in variants.items()}


def require_same(running: dict[str, Server], say: Say) -> int:
    """Send the same bodies to all; how many. Raises `Different` for the first claims that differ."""
    sent = bodies(COMPARED)
    expected: list[Any] = []
    for name, server in running.items():
        if name == BARE:
            continue
        say(f"the same answers? {name}")
        found = [_claims(server, body) for body in sent]
        expected = expected or found
        for body, one, other in zip(sent, expected, found, strict=True):
            if one != other:
                raise Different(f"{name} answers {other} to {body!r}, others {one}")
    return len(sent)


def _claims(server: Server, body: bytes) -> Any:
    status, text = server.post(body)
    answer = json.loads(text)
    return status, answer.get("idToken"), answer.get("accessToken")


def in_turn(running: dict[str, Server], plan: Plan, sent: Sequence[bytes], connections: int) -> dict[str, list[Closed]]:
    """Closed load on each, one after the other, in every round; every other round the other way round."""
    for server in running.values():
        closed(server, sent, connections, 0.5)  # warm
    samples: dict[str, list[Closed]] = {name: [] for name in running}
    for number in range(plan.rounds):
        order = list(running.items())
        for name, server in order if number % 2 == 0 else reversed(order):
            plan.say(f"round {number + 1} of {plan.rounds}, {connections} connections: {name}")
            samples[name].append(closed(server, sent, connections, plan.seconds))
    return samples


def summed_up(samples: dict[str, list[Closed]], base: str = BARE) -> list[Row]:
    """Medians; `x` are medians of the ratios to `base` in the same round."""

    def ratio(name: str, part: str) -> float:
        pairs = zip(samples[name], samples[base], strict=True)
        ratios: list[float] = [getattr(one, part) / getattr(other, part) for one, other in pairs]
        return statistics.median(ratios)

    return [
        {
            "variant": name,
            "requests/s": statistics.median(sample.rate for sample in of),
            "x": ratio(name, "rate"),
            "CPU µs": statistics.median(sample.cpu for sample in of),
            "CPU x": ratio(name, "cpu"),
            "p50 µs": statistics.median(sample.p50 for sample in of),
            "p99 µs": statistics.median(sample.p99 for sample in of),
        }
        for name, of in samples.items()
    ]


def main(running: dict[str, Server], plan: Plan) -> list[Row]:
    """16 connections, 3 KB, five rules."""
    rows = summed_up(in_turn(running, plan, bodies(50), 16))
    for row in rows:
        row["memory MB"] = machine.memory(running[row["variant"]].pid) / 1e6
    return rows


def latency(running: dict[str, Server], plan: Plan) -> list[Row]:
    """One connection."""
    return summed_up(in_turn(running, plan, bodies(50), 1))


def open_load(running: dict[str, Server], plan: Plan, saturation: dict[str, float]) -> list[Row]:
    """At parts of the rate that each variant reached with 16 connections."""
    rows = []
    for name in running:
        for part in (0.25, 0.5, 0.75):
            rate = saturation[name] * part
            plan.say(f"open load, {part:.0%} of what {name} can do")
            result = open_(running[name], bodies(50), rate, max(plan.seconds, 2.0))
            rows.append(
                {
                    "variant": name,
                    "of its most": part,
                    "requests/s": rate,
                    "p50 µs": result.p50,
                    "p90 µs": result.p90,
                    "p99 µs": result.p99,
                    "p99/p50": result.p99 / result.p50 if result.p50 else 0.0,
                    "errors": result.errors,
                }
            )
    return rows


def rules(plan: Plan) -> list[Row]:
    """Claimsmith and trusted functions with 1, 5, 20 and 100 rules: the five, again and again."""
    rows = []
    for count in (1, 5, 20, 100):
        many = [RULES[number % len(RULES)] for number in range(count)]
        variants: dict[str, Start] = {
            OURS: lambda many=many: servers.claimsmith(many),  # type: ignore[misc]
            TRUSTED: lambda many=many: servers.python("trusted", many),  # type: ignore[misc]
        }
        with started(variants) as running:
            for row in summed_up(in_turn(running, plan, bodies(50), 16), OURS):
                rows.append({"rules": count, **row})
    return rows


def sizes(running: dict[str, Server], plan: Plan) -> list[Row]:
    rows = []
    for size in (1_000, 3_000, 10_000, 100_000):
        for row in summed_up(in_turn(running, plan, bodies(50, size), 16)):
            rows.append({"body": size, **row})
    return rows


def connections(running: dict[str, Server], plan: Plan) -> list[Row]:
    rows = []
    for count in (1, 4, 16, 64):
        for row in summed_up(in_turn(running, plan, bodies(50), count)):
            rows.append({"connections": count, **row})
    return rows


def cold(plan: Plan) -> list[Row]:
    """What the first of a kind costs, in milliseconds at the client."""
    data = Path(tempfile.mkdtemp(prefix="claimsmith-bench-"))
    body = bodies(1)[0]
    names = [f"t{number}" for number in range(20)]
    try:
        with servers.claimsmith([], data=data) as server:
            admin = Tenants(server)
            uploads = [_timed(lambda name=name: admin.make(name, len(RULES), unlike=True)) for name in names]  # type: ignore[misc]
        starts = []
        firsts: list[float] = []
        seconds: list[float] = []
        for number in range(2):
            plan.say(f"cold: start {number + 1}")
            began = time.perf_counter()
            with servers.claimsmith([], data=data) as server:
                starts.append(time.perf_counter() - began)
                tokens = Tenants(server)
                for name in names:
                    server.headers = tokens.headers(name)
                    firsts.append(_timed(lambda: server.post(body)))
                    seconds.append(_timed(lambda: server.post(body)))
    finally:
        shutil.rmtree(data, ignore_errors=True)
    return [
        {
            "what": "a rule uploaded: checked, compiled, stored, live",
            "ms": statistics.median(uploads) / len(RULES) * 1e3,
        },
        {"what": "the service's start, until it answers", "ms": statistics.median(starts) * 1e3},
        {
            "what": "a tenant's first login: rules from Redis, a worker of its own",
            "ms": statistics.median(firsts) * 1e3,
        },
        {"what": "its second login, on a connection of its own", "ms": statistics.median(seconds) * 1e3},
    ]


def tenants(plan: Plan, counts: Sequence[int]) -> list[Row]:
    """Tenants with ten rules each, a hundred of them active."""
    return [_tenants(plan, count) for count in counts]


def _tenants(plan: Plan, count: int) -> Row:
    names = [f"t{number}" for number in range(count)]
    active, sent, times = names[:100], bodies(50), []
    with servers.claimsmith([]) as server:
        admin = Tenants(server)
        with ThreadPoolExecutor(4) as threads:
            for done, _ in enumerate(threads.map(lambda name: admin.make(name, 10), names)):
                plan.say(f"tenant {done + 1} of {count}")
        for body in sent[:3]:
            for name in active:
                server.headers = admin.headers(name)
                times.append(_timed(functools.partial(server.post, body)))
        return {
            "tenants": count,
            "active": len(active),
            "rules each": 10,
            "memory MB": machine.memory(server.pid) / 1e6,
            "p50 ms of a login": statistics.median(times) * 1e3,
        }


class Tenants:
    """Makes tenants over the API."""

    def __init__(self, server: Server) -> None:
        assert server.data is not None
        self._server = server
        self._admin = {"Authorization": f"Bearer {servers.token(server.data, 'admin')}"}

    def headers(self, tenant: str) -> dict[str, str]:
        return {**self._admin, "Claimsmith-Tenant": tenant}

    def make(self, tenant: str, rules: int, unlike: bool = False) -> None:
        """`unlike`: with scripts that no other tenant has."""
        self._call("PUT", f"/v1/tenants/{tenant}", {})
        for number in range(rules):
            script = RULES[number % len(RULES)].read_text() + (f"\n# {tenant}\n" if unlike else f"\n# {number}\n")
            self._call("POST", "/v1/rules", {"name": f"r{number}", "script": script, "deploy": True}, tenant)

    def _call(self, method: str, path: str, body: Any, tenant: str = "default") -> None:
        server = Server(self._server.name, self._server.port, self._server.pid, self.headers(tenant))
        status, text = server.post(json.dumps(body).encode(), path, method)
        assert status in (200, 201), (status, text[:300])


def _timed(act: Callable[[], Any]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began
