"""How long it takes until a change made on one replica is live on the others."""

from __future__ import annotations

import time
from collections.abc import Sequence

import httpx2

from tests.soak.load import PLAN, number_rule
from tests.soak.site import Site


def delays(one: Site, count: int) -> list[float]:
    """Seconds from the answer to a change until the last of the other replicas decides by it; one for each change."""
    response = one.call("POST", "/v1/rules", {"name": "number", "script": number_rule(0)})
    assert response.is_success, response.text
    rule = response.json()["id"]
    headers = {"Authorization": f"Bearer {one.token}"}
    clients = [
        httpx2.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, trust_env=False, timeout=10)
        for port in one.ports
    ]
    found = []
    for number in range(1, count + 1):
        here, *others = clients[number % len(clients) :] + clients[: number % len(clients)]
        changed = here.patch(f"/v1/rules/{rule}", json={"script": number_rule(number)})
        began = time.monotonic()
        assert changed.is_success, changed.text
        assert _said(here) == number, "live where it was made, with the answer"
        for other in others:
            while _said(other) != number:
                assert time.monotonic() - began < 5
        found.append(time.monotonic() - began)
    for client in clients:
        client.close()
    return found


def _said(client: httpx2.Client) -> int:
    answer = client.post("/v1/execute", json={"user": {"user_id": "u"}, "context": {}})
    return int(answer.json()["idToken"].get(PLAN, -1))


def spread(seconds: Sequence[float]) -> dict[str, float]:
    """In milliseconds."""
    found = sorted(seconds)
    shown = {f"p{p}": found[min(len(found) - 1, len(found) * p // 100)] for p in (50, 90, 99)}
    return {name: round(value * 1000, 1) for name, value in {**shown, "most": found[-1]}.items()}
