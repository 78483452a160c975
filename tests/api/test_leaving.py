"""Callers who leave while an answer goes on: nothing is broken off that others need, and nothing is left behind."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest

from api.tail import LOOK, MOST
from tests.test_lifecycle import PATIENCE, Served, add_rule, login

LOGINS = 60


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    served = Served(tmp_path_factory.mktemp("leaving") / "data", REDIS_URL="none")
    try:
        with served.client() as client:
            add_rule(client)
            for _ in range(LOGINS):
                login(client)
            while len(client.get(f"/v1/executions?limit={LOGINS}").json()["executions"]) < LOGINS:
                time.sleep(0.05)
        yield served
    finally:
        assert served.stop() == 0
    assert [line for line in served.lines() if line["level"] in ("error", "critical")] == []


def leave(client: httpx2.Client, method: str, path: str, body: Any, seconds: float) -> None:
    """Ask, and be gone when the answer pauses for so long."""
    with (
        contextlib.suppress(httpx2.TimeoutException),
        client.stream(method, path, json=body, timeout=seconds) as answer,
    ):
        for _ in answer.iter_raw():
            pass


def wanted(client: httpx2.Client, path: str, body: Any) -> httpx2.Response:
    """The answer, once what somebody has left has ended: the service learns of it a moment later."""
    end = time.monotonic() + PATIENCE
    while "too_many_requests" in (answer := client.post(path, json=body)).text:
        assert time.monotonic() < end, answer.text
        time.sleep(0.02)
    return answer


def test_from_an_analysis(served: Served) -> None:
    with served.client() as client:
        for number in range(20):
            leave(client, "POST", "/v1/impact", {"since": "1h", "revision": 1}, 0.02 + number * 0.02)
        answer = wanted(client, "/v1/impact", {"since": "1h", "revision": 1})
        assert f'"impact":{{"replayed":{LOGINS},' in answer.text


def test_from_the_tail(served: Served) -> None:
    with served.client() as client, ThreadPoolExecutor(MOST) as at_once:
        for _ in range(3):  # as many as there may be, at the moment when each looks for more
            times = [LOOK + number * 0.001 for number in range(MOST)]
            list(at_once.map(lambda seconds: leave(client, "GET", "/v1/executions/tail", None, seconds), times))
        assert client.get("/v1/executions").status_code == 200
