"""The services that are compared, each a real process on a loopback port."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from api.callers import issue_token
from engine.keys import Keys, read_or_make_secret

ROOT = Path(__file__).parent.parent
RULES = [ROOT / "bench" / "rules" / f"{name}.py" for name in "permissions roles domain readable country".split()]
PATIENCE = 30.0  # seconds until a service has to answer
LIFE = 24 * 3600
SCRIPTS = Path(sys.executable).parent
# What is measured is the defaults, whatever this shell is set up for.
ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if name not in ("REDIS_URL", "DATABASE_URL") and not name.startswith("CLAIMSMITH_")
}


@dataclass
class Server:
    """A service that answers. `headers` are what each request needs.

    Where its processes are `short_lived`, what ending them costs is in nobody's count: the machine's tells their CPU.
    """

    name: str
    port: int
    pid: int
    headers: dict[str, str] = field(default_factory=dict)
    data: Path | None = None
    short_lived: bool = False

    def post(self, body: bytes, path: str = "/v1/execute", method: str = "POST") -> tuple[int, bytes]:
        """One request on a connection of its own: status and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json", **self.headers})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def not_allowed(self) -> int:
        """How many logins have come to anything but claims, as Claimsmith counts them: they are answers of 200, too."""
        if self.data is None:
            return 0
        text = self.post(b"", "/metrics", "GET")[1].decode()
        found = re.findall(r'^claimsmith_executions_total\{decision="(\w+)"\} (\S+)', text, re.MULTILINE)
        return sum(int(float(count)) for decision, count in found if decision != "allow")


def python(kind: str, rules: Sequence[Path] = RULES) -> contextlib.AbstractContextManager[Server]:
    """One of `bench.peers.python`."""
    port = _free_port()
    names = ",".join(map(str, rules))
    return _running(kind, port, [sys.executable, "-m", "bench.peers.python", kind, str(port), names])


def node(kind: str) -> contextlib.AbstractContextManager[Server]:
    """One of `bench/peers/node.js`."""
    port = _free_port()
    command = ["node", str(ROOT / "bench" / "peers" / "node.js"), kind, str(port)]
    return _running(kind, port, command, NODE_PATH=str(ROOT / "build" / "bench" / "node_modules"))


@contextlib.contextmanager
def claimsmith(rules: Sequence[Path] = RULES, data: Path | None = None, **settings: str) -> Iterator[Server]:
    """The service as an operator runs it, with these rules and settings, and a caller's token."""
    port = _free_port()
    folder = data or Path(tempfile.mkdtemp(prefix="claimsmith-bench-"))
    environ = {f"CLAIMSMITH_{name}": value for name, value in settings.items()}
    environ |= {"CLAIMSMITH_DATA": str(folder), "CLAIMSMITH_PORT": str(port)}
    with tempfile.TemporaryDirectory() as source:
        listed = []
        for place, path in enumerate(rules, 1):
            shutil.copy(path, Path(source) / f"r{place:03}.py")
            listed.append({"file": f"r{place:03}.py", "order": place})
        (Path(source) / "rules.json").write_text(json.dumps({"rules": listed}))
        command = [str(SCRIPTS / "claimsmith"), "serve", "--rules", source]
        try:
            with _running("claimsmith", port, command, path="/readyz", **environ) as server:
                server.data = folder
                server.short_lived = settings.get("RECYCLE_AFTER") == "1"
                server.headers = {"Authorization": f"Bearer {token(folder, 'execute')}"}
                yield server
        finally:
            if data is None:
                shutil.rmtree(folder, ignore_errors=True)


def token(data: Path, scope: str, tenant: str = "default") -> str:
    """A token of the service with this data folder."""
    keys = Keys(read_or_make_secret(data))
    return issue_token(keys, scope=scope, tenant=tenant, subject="bench", expires_in=LIFE)


@contextlib.contextmanager
def _running(name: str, port: int, command: list[str], path: str = "/", **environ: str) -> Iterator[Server]:
    # To a file: a pipe that nobody reads is full after 64 KB, and then the service stands still.
    said = tempfile.TemporaryFile()  # noqa: SIM115  closed with the process
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=ENVIRONMENT | environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=said,
        start_new_session=True,  # a Ctrl-C is for us, and we stop it in order
    )
    try:
        server = Server(name, port, process.pid)
        _await(server, process, path, said)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        said.close()


def _await(server: Server, process: subprocess.Popen[bytes], path: str, log: IO[bytes]) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if process.poll() is not None:
            log.seek(0)
            raise RuntimeError(f"{server.name} has ended: {log.read().decode(errors='replace')[-2000:]}")
        with contextlib.suppress(OSError):
            if path == "/" or server.post(b"", path, "GET")[0] == 200:
                socket.create_connection(("127.0.0.1", server.port), 1.0).close()
                return
        time.sleep(0.02)
    raise RuntimeError(f"{server.name} does not answer")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
