"""What records cost: with them and without, at a steady rate, and to find one among a million."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from bench import servers
from bench.arrivals import open_
from bench.bodies import bodies
from bench.sections import Plan, Row, Tenants, in_turn, started, summed_up
from bench.servers import Server
from engine.execution import Execution
from engine.execution_id import CHANCE, execution_id, first_id
from engine.keys import Keys, read_or_make_secret
from engine.models import Ended, Recording, Transaction
from engine.records import Records
from engine.seal import Seal, new_key, unwrapped
from engine.store.store import Store
from engine.trace import Trace

WITH, WITHOUT = "Claimsmith", "Claimsmith, without records"
RATE = 2000  # logins a second
PAGE = 50


def records(plan: Plan) -> list[Row]:
    """The same service with records of everything and of nothing, at its most and at a steady rate."""
    rows = []
    with started({WITH: lambda: servers.claimsmith(), WITHOUT: lambda: servers.claimsmith()}) as running:
        Tenants(running[WITHOUT]).record("none")
        before = _fates(running[WITH])
        for row in summed_up(in_turn(running, plan, bodies(50), 16), WITHOUT):
            rows.append({"load": "its most", **row, "dropped": 0.0})
        rows[0]["dropped"] = _dropped(before, _settled(running[WITH]))
        steady: dict[str, list[Any]] = {name: [] for name in running}
        before = _fates(running[WITH])
        for number in range(plan.rounds):
            for name in running if number % 2 == 0 else reversed(running):
                plan.say(f"round {number + 1} of {plan.rounds}, {RATE} logins a second: {name}")
                steady[name].append(open_(running[name], bodies(50), RATE, max(plan.seconds, 3)))
        for name, of in steady.items():
            p50, p99 = (statistics.median(getattr(sample, part) for sample in of) for part in ("p50", "p99"))
            rows.append({"load": f"{RATE} a second", "variant": name, "requests/s": RATE, "x": 1.0, "CPU µs": 0.0})
            rows[-1] |= {"CPU x": 0.0, "p50 µs": p50, "p99 µs": p99, "dropped": 0.0}
        rows[-2]["dropped"] = _dropped(before, _settled(running[WITH]))
    return rows


def _fates(server: Server) -> dict[str, float]:
    text = server.post(b"", "/metrics", "GET")[1].decode()
    found = re.findall(r'^claimsmith_records(?:_total\{fate="(\w+)"\}|_(waiting)) (\S+)', text, re.MULTILINE)
    return {fate or waiting: float(count) for fate, waiting, count in found}


def _settled(server: Server) -> dict[str, float]:
    end = time.monotonic() + 60
    while (fates := _fates(server))["waiting"] and time.monotonic() < end:
        time.sleep(0.1)
    return fates


def _dropped(before: dict[str, float], after: dict[str, float]) -> float:
    """The share of all records that found no room."""
    written, dropped = (after[fate] - before[fate] for fate in ("written", "dropped"))
    return dropped / max(written + dropped, 1)


def million(plan: Plan, count: int) -> list[Row]:
    """Pages of the records of a tenant that has so many, in milliseconds at the client."""
    data = Path(tempfile.mkdtemp(prefix="claimsmith-bench-"))
    try:
        plan.say(f"{count} records")
        began = time.perf_counter()
        asyncio.run(_fill(data, count, plan.say))
        filled = time.perf_counter() - began
        with servers.claimsmith([], data=data) as server:
            server.headers = {"Authorization": f"Bearer {servers.token(data, 'admin')}"}
            middle = first_id(_at(count // 2))
            queries = {
                "the newest": "",
                "from the middle on": f"cursor={middle}",
                "denials (one in 100)": "decision=deny",
                "allowed": "decision=allow",
                "a client (one of 20)": "client=client-7",
                "a person (one of 10,000)": "user=user-77",
                "a claim that one in 1,000 has": "claim=https://example.com/seldom",
                "a claim that all have": "claim=https://example.com/permissions",
                "a rule that all ran": "rule=permissions",
                "in which any rule failed (one in 500)": "outcome=failed",
                "in which this rule was too slow (one in 1,000)": "rule=permissions&outcome=timed_out",
                "an hour in the middle": f"since={_iso(count // 2)}&until={_iso(count // 2 + 3600)}",
                "a person at a client, denied": "user=user-77&client=client-17&decision=deny",
                "nobody": "user=nobody",
            }
            rows = [_asked(server, name, query) for name, query in queries.items()]
        size = sum(file.stat().st_size for file in data.iterdir() if file.is_file()) / count
        first = f"to seal and store one of {count:,} ({size:,.0f} bytes each)"
        return [{"what": first, "ms": filled / count * 1e3, "found": count}, *rows]
    finally:
        shutil.rmtree(data, ignore_errors=True)


def _asked(server: Server, name: str, query: str) -> Row:
    times = []
    for _ in range(15):
        began = time.perf_counter()
        status, text = server.post(b"", f"/v1/executions?limit={PAGE}&{query}", "GET")
        times.append(time.perf_counter() - began)
        assert status == 200, text[:300]
    return {"what": name, "ms": statistics.median(times) * 1e3, "found": len(json.loads(text)["executions"])}


def _at(number: int) -> int:
    """The clock of a record: one a second, up to now."""
    return (BEGAN - 1_000_000 + number) * 10**9


def _iso(number: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(BEGAN - 1_000_000 + number))


BEGAN = int(time.time())


async def _fill(data: Path, count: int, say: Callable[[str], None]) -> None:
    """Records as the service writes them, of logins that were never made."""
    keys = Keys(read_or_make_secret(data))
    store = await Store.open(f"sqlite:///{data}/claimsmith.db")
    await store.key_check(keys.derive("key-check"))
    await store.create_tenant("default", "bench")
    wrapping = keys.derive("record-key")
    key = unwrapped(await store.record_key(new_key(wrapping)), wrapping)
    assert key is not None
    records = Records(store, Seal(key), 10_000, 2**30)
    context = bodies(1)[0]
    sent = msgspec.json.decode(context, type=dict[str, msgspec.Raw])
    for number in range(count):
        records.add(_execution(number, bytes(sent["context"])), Recording())
        if records.waiting == 5000:
            await records._flush()
            say(f"{number + 1:,} of {count:,} records")
    await records._flush()
    await store.close()


def _execution(number: int, context: bytes) -> Execution:
    denied = number % 100 == 0
    claims = {"https://example.com/permissions": ["read"]}
    if number % 1000 == 1:
        claims["https://example.com/seldom"] = ["x"]
    context = context.replace(b'"clientID":"', b'"clientID":"client-%d","was":"' % (number % 20), 1)
    return Execution(
        id=execution_id(_at(number), os.urandom(CHANCE)),
        tenant="default",
        revision=1,
        decision="deny" if denied else "allow",
        transaction=Transaction(tenant="default", user=b'{"user_id":"user-%d"}' % (number % 10_000), context=context),
        idToken=None if denied else claims,
        accessToken=None if denied else {},
        updates={},
        trace=Trace(),
        ran=("rul_1", "permissions"),
        ended=_ended(number),
        clock=_at(number),
        seconds=0.001,
    )


def _ended(number: int) -> tuple[tuple[Ended, str, str], ...]:
    how: tuple[Ended, ...] = ()
    if number % 500 == 2:
        how = ("failed", "timed_out") if number % 1000 == 2 else ("failed", "raised")
    return tuple((one, "rul_1", "permissions") for one in how)
