"""A site to be worn out: PostgreSQL, Redis, replicas, and HAProxy before them, all real and all of this machine."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2

from api.callers import issue_token
from engine.keys import Keys
from tests.servers import PostgresServer, _end, _launch, _redis_binary, _wait, fresh_database, postgres_server
from tests.test_lifecycle import Served, descendants

SECRET = "the secret of a site that is worn out " * 2
PROXY = """
global
  stats socket {folder}/admin.sock mode 600
defaults
  mode http
  timeout connect 500ms
  timeout client 15s
  timeout server 10s
  timeout queue 2s
  retries 3
  option redispatch
  retry-on conn-failure empty-response 503
frontend in
  bind 127.0.0.1:{port}
  default_backend replicas
backend replicas
  balance roundrobin
  option httpchk GET /readyz
{servers}
"""


class Redis:
    def __init__(self, folder: Path) -> None:
        self._folder, self._path = folder, folder / "redis.sock"
        self.url = f"unix://{self._path}"
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        self._path.unlink(missing_ok=True)
        command = [str(_redis_binary()), "--port", "0", "--unixsocket", str(self._path), "--save", ""]
        process = _launch(command, signal.SIGKILL, self._folder / "redis.log", None)
        _wait(process, self._path.exists, self._folder / "redis.log")
        return process

    def kill(self) -> None:
        _end(self.process, signal.SIGKILL)

    def start(self) -> None:
        self.process = self._start()


class Site:
    """`replicas` are the services, `url` is that of the proxy. `starts` counts all starts of replicas."""

    def __init__(self, folder: Path, count: int, postgres: PostgresServer, database: str) -> None:
        self.folder, self.postgres = folder, postgres
        self.redis = Redis(folder)
        self.ports = [_free_port() for _ in range(count)]
        self._environ = {"DATABASE_URL": database, "REDIS_URL": self.redis.url, "CLAIMSMITH_SECRET": SECRET}
        self.starts = 0
        self._database = database
        self.replicas = [self._serve(port) for port in self.ports]
        for replica in self.replicas:
            replica.address()
        port = _free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._proxy = self._start_proxy(port)
        self.token = issue_token(Keys(SECRET), scope="admin", tenant="default", subject="soak", expires_in=86_400)

    def _serve(self, port: int) -> Served:
        self.starts += 1
        data = self.folder / f"data-{port}"
        return Served(data, "--port", str(port), CLAIMSMITH_RECORDS_QUEUE="20000", **self._environ)

    def start_again(self, place: int) -> None:
        self.replicas[place] = self._serve(self.ports[place])

    def _start_proxy(self, port: int) -> subprocess.Popen[bytes]:
        program = shutil.which("haproxy")
        if program is None:
            raise SystemExit("there is no haproxy: install it (Debian: apt-get install haproxy)")
        servers = "\n".join(
            f"  server r{n} 127.0.0.1:{one} check inter 250 fall 1 rise 1" for n, one in enumerate(self.ports)
        )
        config = self.folder / "haproxy.cfg"
        config.write_text(PROXY.format(folder=self.folder, port=port, servers=servers))
        process = _launch([program, "-db", "-f", str(config)], signal.SIGKILL, self.folder / "proxy.log", None)
        _wait(process, lambda: _listens(port), self.folder / "proxy.log")
        return process

    def call(self, method: str, path: str, body: object = None, place: int | None = None) -> httpx2.Response:
        """One request through the proxy, or to one replica."""
        url = self.url if place is None else f"http://127.0.0.1:{self.ports[place]}"
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx2.request(method, url + path, json=body, headers=headers, timeout=10, trust_env=False)

    def below(self, place: int, what: str) -> list[int]:
        """Processes of a replica whose command line says this."""
        replica = self.replicas[place]
        if replica.process.poll() is not None:
            return []
        return [pid for pid, command in descendants(replica.process.pid).items() if what in command]

    def stored(self) -> int:
        """How many records of the tenant's logins there are."""
        query = "SELECT count(*) FROM executions WHERE tenant = 'default'"
        command = [str(self.postgres._binaries / "psql"), "-At", "--no-psqlrc", self._database, "-c", query]
        return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    def close(self) -> None:
        for process in (self._proxy, self.redis.process):
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)
            _end(process, signal.SIGKILL)
        for replica in self.replicas:
            if replica.process.poll() is None:
                replica.process.send_signal(signal.SIGTERM)
        for replica in self.replicas:
            replica.process.wait(60)


@contextlib.contextmanager
def site(count: int) -> Iterator[Site]:
    folder = Path(tempfile.mkdtemp(prefix="soak"))
    try:
        with postgres_server() as postgres, fresh_database(postgres.url) as database:
            made = Site(folder, count, postgres, database)
            try:
                yield made
            finally:
                made.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def frozen(pids: list[int], seconds: float) -> None:
    """They stand still, and go on."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
    try:
        time.sleep(seconds)
    finally:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
