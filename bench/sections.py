"""What is measured. Every section answers rows for a table: plain values, with the ratios of each round's own."""

from __future__ import annotations

import contextlib
import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import machine, servers
from bench.arrivals import Open, open_
from bench.bodies import bodies
from bench.load import Closed, Failed, closed
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
ACTIVE = 100  # tenants that log in, of those there are
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
    failed: list[str] = field(default_factory=list)  # variants that have not answered 200 to all, and what they said


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
    """Closed load on each, one after the other, in every round; every other round the other way round. A variant that
    fails is left out from then on, and noted."""
    samples: dict[str, list[Closed]] = {name: [] for name in running}

    def turn(name: str, seconds: float) -> Closed | None:
        try:
            return closed(running[name], sent, connections, seconds)
        except Failed as error:
            plan.failed.append(f"{connections} connections: {error}")
            del samples[name]
            return None

    for name in running:
        plan.say(f"warming up: {name}")
        turn(name, 1)
    for number in range(plan.rounds):
        order = list(samples)
        for name in order if number % 2 == 0 else reversed(order):
            plan.say(f"round {number + 1} of {plan.rounds}, {connections} connections: {name}")
            if sample := turn(name, plan.seconds):
                samples[name].append(sample)
    for name in samples:
        if count := running[name].not_allowed():
            plan.failed.append(f"{name}: {count} logins were not allowed, where all should have been")
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
    """At parts of the rate that each variant reached with 16 connections; medians over the rounds."""
    turns = [(name, part) for name in running if name in saturation for part in (0.25, 0.5, 0.75)]
    samples: dict[tuple[str, float], list[Open]] = {turn: [] for turn in turns}
    for number in range(plan.rounds):
        for name, part in turns if number % 2 == 0 else reversed(turns):
            plan.say(f"round {number + 1} of {plan.rounds}, open load, {part:.0%} of what {name} can do")
            samples[name, part].append(open_(running[name], bodies(50), saturation[name] * part, plan.seconds))
    return [
        {
            "variant": name,
            "of its most": part,
            "requests/s": saturation[name] * part,
            "p50 µs": statistics.median(sample.p50 for sample in of),
            "p90 µs": statistics.median(sample.p90 for sample in of),
            "p99 µs": statistics.median(sample.p99 for sample in of),
            "p99/p50": statistics.median(sample.p99 / sample.p50 for sample in of),
            "longest µs": max(sample.most for sample in of),
            "errors": sum(sample.errors for sample in of),
        }
        for (name, part), of in samples.items()
    ]


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
    """Tenants with ten rules each, a hundred of them active: one service, to which more and more come."""
    rows: list[Row] = []
    names: list[str] = []
    with servers.claimsmith([]) as server:
        admin = Tenants(server)
        assert server.data is not None
        for count in counts:
            new = [f"t{number}" for number in range(len(names), count)]
            with ThreadPoolExecutor(4) as threads:
                for done, _ in enumerate(threads.map(lambda name: admin.make(name, 10), new)):
                    plan.say(f"tenant {len(names) + done + 1} of {count}")
            names += new
            active = [servers.token(server.data, "execute", name) for name in names[:ACTIVE]]
            plan.say(f"{count} tenants, {len(active)} of them active")
            sent = bodies(max(len(active), 50))
            row: Row = {"tenants": count, "active": len(active), "rules each": 10}
            try:
                samples = [closed(server, sent, 16, plan.seconds, active) for _ in range(plan.rounds + 1)][1:]
                row |= {
                    "requests/s": statistics.median(sample.rate for sample in samples),
                    "p50 µs": statistics.median(sample.p50 for sample in samples),
                    "p99 µs": statistics.median(sample.p99 for sample in samples),
                }
            except Failed as error:
                plan.failed.append(f"{count} tenants: {error}")
                row |= {"requests/s": 0.0, "p50 µs": 0.0, "p99 µs": 0.0}
            rows.append(row | {"memory MB": machine.memory(server.pid) / 1e6})
    return rows


class Tenants:
    """Makes tenants over the API."""

    def __init__(self, server: Server) -> None:
        assert server.data is not None
        self._server = server
        self._admin = {"Authorization": f"Bearer {servers.token(server.data, 'admin')}"}

    def headers(self, tenant: str) -> dict[str, str]:
        return {**self._admin, "Claimsmith-Tenant": tenant}

    def record(self, what: str, tenant: str = "default") -> None:
        """Record `all` executions, or `none`."""
        self._call("PATCH", f"/v1/tenants/{tenant}/settings", {"recording": {"executions": what}})

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
