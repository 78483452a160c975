"""Load by wrk: as many requests as a service answers (closed). At a rate of its own: `bench.arrivals`."""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import machine
from bench.arrivals import open_
from bench.servers import Server

UNITS = {"us": 1.0, "ms": 1e3, "s": 1e6}
# Each thread of wrk cycles through the bodies.
SCRIPT = """
local requests, at = {}, 0
init = function()
  local tokens, number = {}, 0
  for token in io.lines(os.getenv("TOKENS")) do
    tokens[#tokens + 1] = token
  end
  for body in io.lines(os.getenv("BODIES")) do
    local headers = HEADERS
    if #tokens > 0 then
      headers["Authorization"] = "Bearer " .. tokens[number % #tokens + 1]
      number = number + 1
    end
    requests[#requests + 1] = wrk.format("POST", "/v1/execute", headers, body)
  end
end
request = function()
  at = at % #requests + 1
  return requests[at]
end
"""


@dataclass(frozen=True)
class Closed:
    """`cpu` is that of all processes of the service, in microseconds a request; latencies in microseconds."""

    rate: float
    cpu: float
    p50: float
    p99: float


class Failed(Exception):
    """The service has not answered 200 to all."""


def closed(
    server: Server, bodies: Sequence[bytes], connections: int, seconds: float, tokens: Sequence[str] = ()
) -> Closed:
    """Load by wrk: each connection asks again as soon as it is answered. `tokens` are used in turn, one a body. Without
    wrk our own generator does it, which takes more of the machine. Raises `Failed`."""
    if not has_wrk():
        if tokens:
            raise Failed(f"{server.name}: callers in turn need wrk")
        return _without_wrk(server, bodies, connections, seconds)
    headers = {"Content-Type": "application/json", **server.headers}
    with tempfile.TemporaryDirectory() as folder:
        lines, script = Path(folder) / "bodies", Path(folder) / "load.lua"
        lines.write_bytes(b"\n".join(bodies))
        (Path(folder) / "tokens").write_text("".join(f"{token}\n" for token in tokens))
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
        before = _spent(server)
        environ = os.environ | {"BODIES": str(lines), "TOKENS": str(Path(folder) / "tokens")}
        done = subprocess.run(command, capture_output=True, text=True, env=environ, check=True)
        cpu = _spent(server) - before
    said = done.stdout
    count, rate = re.search(r"(\d+) requests in", said), re.search(r"Requests/sec:\s+([\d.]+)", said)
    latencies = {
        at: float(value) * UNITS[unit] for at, value, unit in re.findall(r"(50|99)%\s+([\d.]+)(us|ms|s)", said)
    }
    if "Non-2xx" in said or "Socket errors" in said or count is None or rate is None or not int(count[1]):
        raise Failed(f"{server.name}: {said[-300:]}")
    return Closed(float(rate[1]), cpu / int(count[1]) * 1e6, latencies["50"], latencies["99"])


def _without_wrk(server: Server, bodies: Sequence[bytes], connections: int, seconds: float) -> Closed:
    before = _spent(server)
    found = open_(server, bodies, 0, seconds, connections)
    cpu = _spent(server) - before
    if found.errors:
        raise Failed(f"{server.name}: {found.errors} requests without an answer of 200")
    return Closed(found.rate, cpu / (found.rate * seconds) * 1e6, found.p50, found.p99)


def _spent(server: Server) -> float:
    """Seconds of CPU: of the service's processes, or of the machine without the load and ourselves."""
    return machine.busy() - _own() if server.short_lived else machine.cpu(server.pid)


def has_wrk() -> bool:
    return shutil.which("wrk") is not None


def _own() -> float:
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in both)
