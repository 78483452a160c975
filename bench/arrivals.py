"""Load at a rate of its own (open): `python -m bench.arrivals` is the process that sends it.

Requests come at random moments that no answer moves, and each latency counts from its moment: what waits because others
are slow has waited (no coordinated omission).
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import itertools
import json
import math
import os
import random
import re
import struct
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import msgspec

from bench.servers import Server

PATIENCE = 20.0  # seconds after the last request until those without an answer count as errors


class Open(msgspec.Struct, frozen=True):
    """Latencies in microseconds, from when a request was due: what waits because others are slow has waited."""

    rate: float
    p50: float
    p90: float
    p99: float
    most: float
    errors: int


def open_(server: Server, bodies: Sequence[bytes], rate: float, seconds: float, connections: int = 64) -> Open:
    """Load of `rate` requests a second at random moments, from a process of its own. With the rate 0 as many as these
    connections bring, one after the other."""
    with tempfile.TemporaryDirectory() as folder:
        lines = Path(folder) / "bodies"
        lines.write_bytes(b"\n".join(bodies))
        arguments = [
            str(server.port),
            str(lines),
            str(rate),
            str(seconds),
            json.dumps(server.headers),
            str(connections),
        ]
        command = [sys.executable, "-m", "bench.arrivals", *arguments]
        done = subprocess.run(command, capture_output=True, check=True, timeout=seconds + 60)
    return msgspec.json.decode(done.stdout, type=Open)


class Client(asyncio.Protocol):
    """One connection with one request at a time; `due` is when the one under way should have been sent."""

    def __init__(self, arrivals: Arrivals) -> None:
        self._arrivals = arrivals
        self._buffer = b""
        self._due = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are of a class of its own
        self._arrivals.free(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._arrivals.lost(self)

    def send(self, request: bytes, due: float) -> None:
        assert self._transport is not None
        self._due = due
        self._transport.write(request)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
        if length is None or len(body) < int(length[1]):
            return
        self._buffer = b""
        self._arrivals.answered(time.perf_counter() - self._due, head.startswith(b"HTTP/1.1 200"))
        self._arrivals.free(self)


class Arrivals:
    """Requests that come at their moments, whatever becomes of those before. One that finds every connection busy waits
    for the next that is free, and its waiting counts."""

    def __init__(self, requests: Sequence[bytes], moments: Sequence[float]) -> None:
        """`moments` are seconds from the start, in ascending order."""
        self._requests = requests
        self._moments = moments
        self._idle: deque[Client] = deque()
        self._waiting: deque[float] = deque()
        self._began = 0.0
        self._arrived = self._sent = 0
        self._done = asyncio.Event()
        self.latencies: list[float] = []
        self.refused = 0

    def free(self, client: Client) -> None:
        if self._waiting:
            self._send(client, self._waiting.popleft())
        else:
            self._idle.append(client)

    def lost(self, client: Client) -> None:
        with contextlib.suppress(ValueError):
            self._idle.remove(client)

    def answered(self, seconds: float, right: bool) -> None:
        self.latencies.append(seconds)
        self.refused += not right
        if len(self.latencies) == len(self._moments):
            self._done.set()

    def _send(self, client: Client, due: float) -> None:
        client.send(self._requests[self._sent % len(self._requests)], due)
        self._sent += 1

    @property
    def missing(self) -> int:
        """How many have no answer."""
        return len(self._moments) - len(self.latencies)

    async def run(self, patience: float) -> None:
        """Let all of them arrive; done when all are answered, or so many seconds after the last."""
        # The loop's own timers count milliseconds, and asking for the time in a circle would take one of the
        # processors that the services under test need.
        timer = Timer()
        loop = asyncio.get_running_loop()
        self._began = time.perf_counter()

        def due() -> None:
            now = time.perf_counter() - self._began
            while self._arrived < len(self._moments) and (moment := self._moments[self._arrived]) <= now:
                self._arrived += 1
                if self._idle:
                    self._send(self._idle.popleft(), self._began + moment)
                else:
                    self._waiting.append(self._began + moment)
            if self._arrived < len(self._moments):
                timer.set(self._began + self._moments[self._arrived])
            else:
                timer.rest()

        loop.add_reader(timer.descriptor, due)
        try:
            due()
            await asyncio.wait_for(self._done.wait(), self._moments[-1] + patience)
        except TimeoutError:
            pass
        finally:
            loop.remove_reader(timer.descriptor)
            timer.close()


class Circle(Arrivals):
    """Every connection sends its next request when it has the answer to the last: what `wrk` does, where it is not."""

    def __init__(self, requests: Sequence[bytes], seconds: float) -> None:
        super().__init__(requests, ())
        self._end = time.perf_counter() + seconds

    def free(self, client: Client) -> None:
        now = time.perf_counter()
        if now < self._end:
            self._send(client, now)
        elif len(self.latencies) == self._sent:
            self._done.set()

    async def run(self, patience: float) -> None:
        await asyncio.sleep(self._end - time.perf_counter())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._done.wait(), patience)

    @property
    def missing(self) -> int:
        return self._sent - len(self.latencies)


class Timer:
    """A descriptor that can be read from a moment of `perf_counter` on, to the microsecond."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self.descriptor: int = self._libc.timerfd_create(time.CLOCK_MONOTONIC, os.O_CLOEXEC)
        if self.descriptor < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")

    def set(self, moment: float) -> None:
        """A moment that has passed counts as reached at once."""
        seconds, part = divmod(max(round(moment * 1e9), 1), 1_000_000_000)
        self._libc.timerfd_settime(self.descriptor, 1, struct.pack("4l", 0, 0, seconds, part), None)

    def rest(self) -> None:
        self._libc.timerfd_settime(self.descriptor, 0, bytes(struct.calcsize("4l")), None)

    def close(self) -> None:
        os.close(self.descriptor)


async def fire(
    port: int, bodies: Sequence[bytes], rate: float, seconds: float, headers: dict[str, str], connections: int = 64
) -> Open:
    """See `open_`. Requests that are due while all connections are busy wait, and their waiting counts. With the rate
    0, all connections are busy all the time."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in {"Content-Type": "application/json", **headers}.items())
    requests = [
        f"POST /v1/execute HTTP/1.1\r\nHost: x\r\n{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body
        for body in bodies
    ]
    draw = random.Random(1)
    gaps = [draw.expovariate(rate) for _ in range(max(round(rate * seconds), 1))] if rate else []
    arrivals = Arrivals(requests, list(itertools.accumulate(gaps))) if rate else Circle(requests, seconds)
    loop = asyncio.get_running_loop()
    clients = [Client(arrivals) for _ in range(connections)]
    for client in clients:
        await loop.create_connection(lambda client=client: client, "127.0.0.1", port)  # type: ignore[misc]
    began = time.perf_counter()
    await arrivals.run(PATIENCE)
    for client in clients:
        client.close()
    await asyncio.sleep(0)
    reached = rate or len(arrivals.latencies) / (time.perf_counter() - began)
    return summed_up(reached, arrivals.latencies, arrivals.refused + arrivals.missing)


def summed_up(rate: float, latencies: list[float], errors: int) -> Open:
    """Percentiles by the nearest rank."""
    ordered = sorted(latencies) or [0.0]
    p50, p90, p99 = (ordered[max(math.ceil(len(ordered) * part) - 1, 0)] * 1e6 for part in (0.5, 0.9, 0.99))
    return Open(rate, p50, p90, p99, ordered[-1] * 1e6, errors)


if __name__ == "__main__":
    import uvloop

    port, path, rate, seconds, headers, connections = sys.argv[1:]
    lines = Path(path).read_bytes().split(b"\n")
    result = uvloop.run(fire(int(port), lines, float(rate), float(seconds), json.loads(headers), int(connections)))
    sys.stdout.buffer.write(msgspec.json.encode(result))
