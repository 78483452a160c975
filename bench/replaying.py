"""What replaying costs: recorded logins again, exactly, and under other rules; and what logins notice of that."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from bench import machine, servers
from bench.arrivals import Open, open_
from bench.bodies import bodies
from bench.load import closed
from bench.sections import Plan, Row
from bench.servers import RULES, Server

CHANCE = Path(__file__).parent / "rules" / "chance.py"
EXACT = 10_000
AT_ONCE = 8
BESIDE = 300  # logins a second while an analysis goes on
CANDIDATE = """\
def rule(user, context):
    if user.get("email", "").startswith("a"):
        context.idToken["https://example.com/new"] = True
"""


def replays(plan: Plan, count: int) -> list[Row]:
    """`count` recorded logins through six rules, with chance and time among them."""
    with servers.claimsmith([*RULES, CHANCE], RECORDS_QUEUE="200000", RECORDS_QUEUE_MB="4096") as server:
        assert server.data is not None
        admin = Server(server.name, server.port, server.pid, _bearer(servers.token(server.data, "admin")))
        _recorded(server, admin, count, plan)
        rows = [_exact(admin, min(EXACT, count), plan)]
        alone = open_(server, bodies(50), BESIDE, max(plan.seconds, 5))
        rows += _impact(server, admin, alone, plan)
    return rows


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _recorded(server: Server, admin: Server, count: int, plan: Plan) -> None:
    while (there := _written(admin)) < count:
        plan.say(f"{there:,} of {count:,} logins recorded")
        closed(server, bodies(1000), 16, 3)
        while _waiting(admin):
            time.sleep(0.1)


def _metric(admin: Server, name: str) -> float:
    text = admin.post(b"", "/metrics", "GET")[1].decode()
    return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(name))


def _written(admin: Server) -> int:
    return int(_metric(admin, 'claimsmith_records_total{fate="written"}'))


def _waiting(admin: Server) -> bool:
    return _metric(admin, "claimsmith_records_waiting ") > 0


def _exact(admin: Server, count: int, plan: Plan) -> Row:
    """So many of them one by one, all of which have to be identical."""
    ids: list[str] = []
    cursor = ""
    while len(ids) < count:
        text = admin.post(b"", f"/v1/executions?limit=500{cursor}", "GET")[1]
        page = json.loads(text)
        ids += [one["execution_id"] for one in page["executions"]]
        cursor = f"&cursor={page['cursor']}"
    ids = ids[:count]
    plan.say(f"{count:,} replays")
    began = time.perf_counter()

    def identical(name: str) -> bool:
        status, text = admin.post(b"", f"/v1/executions/{name}/replay")
        return status == 200 and json.loads(text)["identical"] is True

    with ThreadPoolExecutor(AT_ONCE) as threads:
        same = sum(threads.map(identical, ids))
    seconds = time.perf_counter() - began
    what, said = f"{count:,} replays, one by one", f"{same:,} identical"
    return {"what": what, "seconds": seconds, "a second": count / seconds, "said": said}


def _impact(server: Server, admin: Server, alone: Open, plan: Plan) -> Iterator[Row]:
    """All of them under one more rule, while people log in."""
    rules = [{"name": path.stem, "script": path.read_text()} for path in (*RULES, CHANCE)]
    question = {"since": "10h", "rules": [*rules, {"name": "new", "script": CANDIDATE}]}
    peak = 0.0
    beside: list[Open] = []
    ended = threading.Event()

    def look() -> None:
        nonlocal peak
        while not ended.wait(0.25):
            peak = max(peak, machine.memory(server.pid) / 1e6)

    def log_in() -> None:
        while not ended.is_set():
            beside.append(open_(server, bodies(50), BESIDE, 5))

    before = machine.memory(server.pid) / 1e6
    threads = [threading.Thread(target=look), threading.Thread(target=log_in)]
    for thread in threads:
        thread.start()
    began = time.perf_counter()
    last: dict[str, Any] = {}
    request = urllib.request.Request(
        f"http://127.0.0.1:{server.port}/v1/impact",
        json.dumps(question).encode(),
        {"Content-Type": "application/json", **admin.headers},
    )
    with urllib.request.urlopen(request, timeout=3600) as answer:
        for line in answer:
            last = json.loads(line)
            if "replayed" in last:
                plan.say(f"impact: {last['replayed']:,} of {last['of']:,}")
    seconds = time.perf_counter() - began
    ended.set()
    for thread in threads:
        thread.join()
    found = last["impact"]
    said = f"{found['replayed']:,} replayed: {found['changed']['count']:,} change, {found['denied']['count']:,} newly "
    said += f"denied, {found['failed']['count']:,} errors; {found['left_out']:,} left out"
    yield {"what": "impact", "seconds": seconds, "a second": found["replayed"] / seconds, "said": said}
    memory = f"{before:.0f} MB before, {peak:.0f} MB at most"
    yield {"what": "its memory, all processes", "seconds": 0.0, "a second": 0.0, "said": memory}
    worst = max(beside, key=lambda sample: sample.p99)
    told = f"p50 {alone.p50:.0f} µs alone, {worst.p50:.0f} beside it; p99 {alone.p99:.0f} and {worst.p99:.0f}"
    yield {"what": f"{BESIDE} logins a second meanwhile", "seconds": 0.0, "a second": float(BESIDE), "said": told}
