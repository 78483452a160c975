"""What is told of a load is what happened: percentiles, and lateness that counts from the intended moment."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bench import machine
from bench.arrivals import fire, summed_up

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
BODY = b'{"user": {}, "context": {}}'


@asynccontextmanager
async def server(seconds: float, answer: bytes = ANSWER) -> AsyncIterator[int]:
    """Answers one request after another, over all connections, and takes so long for each. Yields its port."""
    turn = asyncio.Lock()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                await reader.readexactly(len(BODY))
                async with turn:
                    await asyncio.sleep(seconds)
                writer.write(answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        listening.close()


def test_percentiles_are_values_that_were_measured() -> None:
    found = summed_up(100, [number / 1e6 for number in range(100, 0, -1)], 0)
    assert [round(value) for value in (found.p50, found.p90, found.p99, found.most)] == [50, 90, 99, 100]


def test_the_percentiles_of_one_value_are_that_value() -> None:
    found = summed_up(1, [0.000_002], 0)
    assert [round(value) for value in (found.p50, found.p90, found.p99, found.most)] == [2, 2, 2, 2]


@pytest.mark.anyio
async def test_a_fast_server_is_hardly_late() -> None:
    async with server(0) as port:
        found = await fire(port, [BODY], 200, 0.5, {})
    assert found.errors == 0
    assert found.p50 < 20_000


@pytest.mark.anyio
async def test_lateness_counts_from_the_intended_moment() -> None:
    """20 ms for each, 100 a second: twice what it can do, so the last of 50 waits half a second and more."""
    async with server(0.020) as port:
        found = await fire(port, [BODY], 100, 0.5, {}, connections=2)
    assert found.errors == 0
    assert found.most > 300_000  # by its connection's own account it would be 40 ms
    assert 100_000 < found.p50 < found.p99 <= found.most


@pytest.mark.anyio
async def test_arrivals_do_not_wait_for_answers() -> None:
    async with server(0.020) as port:
        began = time.perf_counter()
        found = await fire(port, [BODY], 100, 0.2, {}, connections=1)
        assert time.perf_counter() - began >= 20 * 0.020
    assert found.errors == 0


@pytest.mark.anyio
async def test_with_the_rate_0_connections_wait_for_their_answers() -> None:
    async with server(0.010) as port:
        found = await fire(port, [BODY], 0, 0.3, {}, connections=2)
    assert found.errors == 0
    assert 20 < found.rate < 110
    assert found.p50 < 100_000


@pytest.mark.anyio
async def test_other_answers_than_200_are_errors() -> None:
    async with server(0, ANSWER.replace(b"200 OK", b"503 No")) as port:
        found = await fire(port, [BODY], 100, 0.1, {})
    assert found.errors == 10


def test_cpu_counts_children_that_have_ended() -> None:
    work = "sum(number * number for number in range(2_000_000))"
    inner = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {work!r}]); print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", inner], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdin is not None
        process.stdout.readline()
        assert machine.tree(process.pid) == [process.pid]
        assert machine.cpu(process.pid) > 0.03
        assert machine.memory(process.pid) > 1_000_000
        process.stdin.close()


def test_the_tree_has_what_a_process_started() -> None:
    with subprocess.Popen(["sh", "-c", "sleep 10 & echo; wait"], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert process.pid in machine.tree(os.getpid())
        first, *below = machine.tree(process.pid)
        assert (first, len(below)) == (process.pid, 1)
        os.kill(below[0], 9)
