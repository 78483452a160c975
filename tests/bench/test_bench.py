"""The benchmark measures what it says: its logins, its rules, its percentiles, and who has waited."""

from __future__ import annotations

import asyncio
import json
import os
import time
from typing import Any

import pytest

from bench import machine, sections, targets
from bench.arrivals import fire, summed_up
from bench.bodies import ANSWER, bodies
from bench.load import Closed
from bench.peers.python import KINDS
from bench.servers import RULES

pytestmark = pytest.mark.anyio


def test_bodies_are_the_same_every_time_and_as_long_as_asked_for() -> None:
    assert bodies(5) == bodies(5)
    assert len(set(bodies(100))) == 100
    for size in (3_000, 10_000, 100_000):
        assert all(0.8 * size < len(body) < 1.2 * size for body in bodies(10, size))
    assert all(isinstance(json.loads(body)["user"], dict) for body in bodies(20))
    assert isinstance(json.loads(ANSWER), dict)


def test_all_of_python_decides_alike() -> None:
    sources = [path.read_text() for path in RULES]
    for body in bodies(50):
        found = []
        for kind in KINDS.values():
            sent = json.loads(body)
            _, context = kind(sources)((sent["user"], sent["context"]))
            found.append((context["idToken"], context["accessToken"]))
        assert found[0] == found[1] == found[2]
        assert found[0][0].keys() > json.loads(body)["context"]["idToken"].keys()


def test_percentiles() -> None:
    result = summed_up(1.0, [number / 1e6 for number in range(100, 0, -1)], 0)
    assert [round(value) for value in (result.p50, result.p90, result.p99, result.most)] == [50, 90, 99, 100]


def test_ratios_are_those_of_each_round() -> None:
    def sample(rate: float) -> Closed:
        return Closed(rate, 1e6 / rate, 10.0, 20.0)

    rows = sections.summed_up(
        {"base": [sample(10), sample(100), sample(1000)], "other": [sample(5), sample(50), sample(500)]}, "base"
    )
    assert [row["x"] for row in rows] == [1.0, 0.5]
    assert rows[1]["CPU x"] == 2.0
    assert rows[1]["requests/s"] == 50


def test_a_target_that_is_missed_is_said_to_be() -> None:
    def row(name: str, x: float) -> dict[str, Any]:
        return {"variant": name, "x": x, "CPU x": 1.0, "requests/s": 1000.0, "p50 µs": 100.0}

    missed = targets.targets({"main": [row(sections.BARE, 1.0), row(sections.OURS, 0.5)]})
    assert [(each["measured"], each["met"]) for each in missed] == [(0.5, "no"), (1.0, "yes")]


async def test_who_waits_for_others_has_waited() -> None:
    """A service that sleeps for 100 ms at its tenth request: those that were due meanwhile count from then."""
    count = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        while head := await reader.readuntil(b"\r\n\r\n"):
            await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]))
            count += 1
            if count == 10:
                time.sleep(0.1)  # the whole service stands still
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    async def quiet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answer(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(quiet, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    result = await asyncio.to_thread(asyncio.run, fire(port, [b"{}"], 200.0, 1.0, {}, connections=4))
    server.close()
    await asyncio.sleep(0.05)  # its connections have closed
    assert result.errors == 0
    assert count > 100
    # Some twenty of two hundred were due while it slept, and none had been sent.
    assert result.most > 80_000
    assert result.p99 > 50_000 > result.p50


def test_the_machine() -> None:
    before = machine.busy()
    end = time.process_time() + 0.3
    while time.process_time() < end:
        pass
    assert machine.busy() - before >= 0.2
    assert machine.tree(os.getpid())[0] == os.getpid()
    assert machine.memory(os.getpid()) > 1_000_000
