"""Requests for a service: as many as it answers (closed), or at a rate that does not depend on its answers (open)."""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from bench import machine
from bench.servers import Server

UNITS = {"us": 1.0, "ms": 1e3, "s": 1e6}
# Each thread of wrk cycles through the bodies.
SCRIPT = """
local requests, at = {}, 0
init = function()
  for body in io.lines(os.getenv("BODIES")) do
    requests[#requests + 1] = wrk.format("POST", "/v1/execute", HEADERS, body)
  end
end
request = function()
  at = at % #requests + 1
  return requests[at]
end
"""


@dataclass(frozen=True)
class Closed:
    """`cpu` is that of the whole machine but for the load, in microseconds a request; latencies in microseconds."""

    rate: float
    cpu: float
    p50: float
    p99: float


class Failed(Exception):
    """The service has not answered 200 to all."""


def closed(server: Server, bodies: Sequence[bytes], connections: int, seconds: float) -> Closed:
    """Load by wrk: each connection asks again as soon as it is answered. Raises `Failed`."""
    headers = {"Content-Type": "application/json", **server.headers}
    with tempfile.TemporaryDirectory() as folder:
        lines, script = Path(folder) / "bodies", Path(folder) / "load.lua"
        lines.write_bytes(b"\n".join(bodies))
        table = ", ".join(f"[{json.dumps(name)}] = {json.dumps(value)}" for name, value in headers.items())
        script.write_text(SCRIPT.replace("HEADERS", "{" + table + "}"))
        address = f"http://127.0.0.1:{server.port}/v1/execute"
        command = [
            "wrk",
            "-t1",
            f"-c{connections}",
            f"-d{max(round(seconds), 1)}s",
            "--latency",
            "-s",
            str(script),
            address,
        ]
        before, own = machine.busy(), _children()
        done = subprocess.run(
            command, capture_output=True, text=True, env=os.environ | {"BODIES": str(lines)}, check=True
        )
        cpu = machine.busy() - before - (_children() - own)
    said = done.stdout
    count, rate = re.search(r"(\d+) requests in", said), re.search(r"Requests/sec:\s+([\d.]+)", said)
    latencies = {
        at: float(value) * UNITS[unit] for at, value, unit in re.findall(r"(50|99)%\s+([\d.]+)(us|ms|s)", said)
    }
    if "Non-2xx" in said or "Socket errors" in said or count is None or rate is None or not int(count[1]):
        raise Failed(f"{server.name}: {said[-300:]}")
    return Closed(float(rate[1]), cpu / int(count[1]) * 1e6, latencies["50"], latencies["99"])


def has_wrk() -> bool:
    return shutil.which("wrk") is not None


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Open(msgspec.Struct, frozen=True):
    """Latencies in microseconds, from when a request was due: what waits because others are slow has waited."""

    rate: float
    p50: float
    p90: float
    p99: float
    most: float
    errors: int


def open_(server: Server, bodies: Sequence[bytes], rate: float, seconds: float) -> Open:
    """Load of `rate` requests a second at random moments, from a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        lines = Path(folder) / "bodies"
        lines.write_bytes(b"\n".join(bodies))
        arguments = [str(server.port), str(lines), str(rate), str(seconds), json.dumps(server.headers)]
        command = [sys.executable, "-m", "bench.load", *arguments]
        done = subprocess.run(command, capture_output=True, check=True, timeout=seconds + 60)
    return msgspec.json.decode(done.stdout, type=Open)


class Client(asyncio.Protocol):
    """One connection with one request at a time; `due` is when the one under way should have been sent."""

    def __init__(self, idle: deque[Client], latencies: list[float], counts: dict[str, int]) -> None:
        self._idle, self._latencies, self._counts = idle, latencies, counts
        self._buffer = b""
        self._due = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self._idle.append(self)

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
        self._latencies.append(time.perf_counter() - self._due)
        self._counts["errors"] += not head.startswith(b"HTTP/1.1 200")
        self._buffer = b""
        self._idle.append(self)


async def fire(
    port: int, bodies: Sequence[bytes], rate: float, seconds: float, headers: dict[str, str], connections: int = 64
) -> Open:
    """See `open_`. Requests that are due while all connections are busy wait, and their waiting counts."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in {"Content-Type": "application/json", **headers}.items())
    requests = [
        f"POST /v1/execute HTTP/1.1\r\nHost: x\r\n{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body
        for body in bodies
    ]
    idle: deque[Client] = deque()
    latencies: list[float] = []
    counts = {"errors": 0}
    loop = asyncio.get_running_loop()
    clients = [Client(idle, latencies, counts) for _ in range(connections)]
    for client in clients:
        await loop.create_connection(lambda client=client: client, "127.0.0.1", port)  # type: ignore[misc]
    draw = random.Random(1)
    began = due = time.perf_counter() + 0.1
    sent = 0
    waiting: deque[float] = deque()
    while due < began + seconds or waiting or len(idle) < connections:
        now = time.perf_counter()
        if now > began + seconds + 20:
            break
        while due <= now and due < began + seconds:
            waiting.append(due)
            due += draw.expovariate(rate)
        while waiting and idle:
            idle.popleft().send(requests[sent % len(requests)], waiting.popleft())
            sent += 1
        await asyncio.sleep(0.0002 if due > now + 0.0005 else 0)
    for client in clients:
        client.close()
    await asyncio.sleep(0)
    return summed_up(rate, latencies, counts["errors"] + sent - len(latencies))


def summed_up(rate: float, latencies: list[float], errors: int) -> Open:
    """Percentiles by the nearest rank."""
    ordered = sorted(latencies) or [0.0]
    p50, p90, p99 = (ordered[min(len(ordered) - 1, int(len(ordered) * part))] * 1e6 for part in (0.5, 0.9, 0.99))
    return Open(rate, p50, p90, p99, ordered[-1] * 1e6, errors)


if __name__ == "__main__":
    import uvloop

    port, path, rate, seconds, headers = sys.argv[1:]
    lines = Path(path).read_bytes().split(b"\n")
    result = uvloop.run(fire(int(port), lines, float(rate), float(seconds), json.loads(headers)))
    sys.stdout.buffer.write(msgspec.json.encode(result))
