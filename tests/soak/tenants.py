"""Many tenants: what they take of memory, how long a start takes, and a login of one that was never asked for."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2

from tests.soak.delays import spread
from tests.soak.site import Site
from tests.test_lifecycle import descendants


def tenants(one: Site, count: int, rules: int) -> dict[str, Any]:
    """Of one replica, with so many tenants of so many rules each."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: _made(one, number, rules), range(count)))
    one.replicas[0].stop()
    began = time.monotonic()
    one.start_again(0)
    one.replicas[0].address()
    started = time.monotonic() - began
    base = f"http://127.0.0.1:{one.ports[0]}"
    with httpx2.Client(base_url=base, trust_env=False, timeout=30) as client:
        empty = _memory(one)
        cold = [_login(one, client, number, rules) for number in range(count)]
        held = _memory(one)
        warm = [_login(one, client, number, rules) for number in range(max(0, count - 20), count)]
        warm += [_login(one, client, count - 1, rules) for _ in range(200)]
    return {
        "tenants": count,
        "rules": count * rules,
        "start, s": round(started, 2),
        "memory at the start, MB": empty,
        "memory with all of them asked for, MB": held,
        "first login of a tenant, ms": spread(cold),
        "next login, ms": spread(warm),
    }


def _made(one: Site, number: int, rules: int) -> None:
    headers = {"Authorization": f"Bearer {one.token}", "Claimsmith-Tenant": f"t{number}"}
    with httpx2.Client(base_url=one.url, headers=headers, trust_env=False, timeout=60) as client:
        assert client.put(f"/v1/tenants/t{number}").is_success
        wanted = [
            {
                "name": f"r{n}",
                "order": n,
                "script": f"def rule(user, context):\n    context.idToken['https://t{number}.example/{n}'] = {n}\n",
            }
            for n in range(rules)
        ]
        response = client.put("/v1/rules", json={"expected": 1, "prune": True, "rules": wanted})
        assert response.is_success, response.text


def _login(one: Site, client: httpx2.Client, number: int, rules: int) -> float:
    headers = {"Authorization": f"Bearer {one.token}", "Claimsmith-Tenant": f"t{number}"}
    began = time.monotonic()
    response = client.post("/v1/execute", json={"user": {"user_id": "u"}, "context": {}}, headers=headers)
    seconds = time.monotonic() - began
    assert len(response.json()["idToken"]) == rules, response.text
    return seconds


def _memory(one: Site) -> float:
    """Of the service with its workers: what is theirs alone, and their shares of what is not (`Pss`)."""
    total = 0
    pids = [one.replicas[0].process.pid, *descendants(one.replicas[0].process.pid)]
    for pid in pids:
        try:
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            total += next(int(line.split()[1]) for line in rollup if line.startswith("Pss:"))
        except (FileNotFoundError, ProcessLookupError, StopIteration):
            continue
    return round(total / 1024, 1)
