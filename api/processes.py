"""Several processes of one service on one machine: one address, one data folder, one private Redis.

Each is a whole service that accepts from the same socket; this process serves nothing, and starts again what dies. A
login needs one of them, so the death of another is no outage.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Coroutine, Iterable
from pathlib import Path
from typing import Any

import structlog

from api.service import SWITCHED_OFF, claim, private_redis
from api.settings import NO_REDIS, Settings
from engine.keys import read_or_make_secret

log = structlog.get_logger("claimsmith.processes")

BACK_OFF = (0.2, 5.0)  # seconds before the first restart, and at most
STEADY_AFTER = 60.0  # one that lived so long starts again with the first back-off
GRACE = 15.0  # seconds that one may take to stop
READY_WITHIN = 60.0


class NotReady(Exception):
    """A process ended before it served. It has said why itself; `status` is its exit code."""

    def __init__(self, status: int) -> None:
        super().__init__(f"status {status}")
        self.status = status


class Processes:
    def __init__(
        self, settings: Settings, count: int, listener: socket.socket, rules: Path | None, welcome: bool
    ) -> None:
        self._settings = settings
        self._count = count
        self._listener = listener
        self._rules = rules
        self._welcome = welcome
        self._running: dict[int, asyncio.subprocess.Process] = {}
        self._stopping = asyncio.Event()
        self.restarts = 0

    async def run(self) -> None:
        """Until `stop`. Raises `NotReady` where the first start fails, and what `claim` and the secret's file raise."""
        async with contextlib.AsyncExitStack() as stack:
            claim(self._settings, stack)
            if self._settings.secret is None:
                read_or_make_secret(self._settings.data)
            redis_url, note = await self._redis(stack)
            runtime = Path(tempfile.mkdtemp(prefix="claimsmith-"))
            stack.callback(shutil.rmtree, runtime, ignore_errors=True)
            stack.push_async_callback(self._end)
            environ = self._environ(redis_url)
            serving = asyncio.create_task(self._serve(environ, runtime, note))
            stopping = asyncio.create_task(self._stopping.wait())
            await asyncio.wait([serving, stopping], return_when=asyncio.FIRST_COMPLETED)
            await _cancelled(serving, stopping)
            if not serving.cancelled():
                serving.result()

    def stop(self) -> None:
        self._stopping.set()

    async def _serve(self, environ: dict[str, str], runtime: Path, note: str) -> None:
        """Until it is cancelled. Raises `NotReady` where the first start fails."""
        # The first one alone: it migrates, and puts in the rules, and says what is wrong with them.
        await self._start(1, environ, runtime, note)
        await _all(self._start(n, environ, runtime, note) for n in range(2, self._count + 1))
        address = f"{self._settings.scheme}://{self._settings.host}:{self._listener.getsockname()[1]}"
        log.info("serving", address=address, data=str(self._settings.data), redis=note, processes=self._count)
        await _all(self._watch(n, environ, runtime, note) for n in range(1, self._count + 1))

    async def _redis(self, stack: contextlib.AsyncExitStack) -> tuple[str, str]:
        if self._settings.redis_url is not None:
            return self._settings.redis_url, SWITCHED_OFF if self._settings.redis_url == NO_REDIS else "as configured"
        private, note = await private_redis(self._settings, stack)
        return (NO_REDIS, note) if private is None else (private.url, note)

    def _environ(self, redis_url: str) -> dict[str, str]:
        """Of each process: what this one was given, and what came by options."""
        settings = self._settings
        own = {"CLAIMSMITH_HOST": settings.host, "CLAIMSMITH_DATA": str(settings.data)}
        if settings.redis_url is None:  # else it is there already, or in a file
            own["REDIS_URL"] = redis_url
        return {**os.environ, **own, "CLAIMSMITH_PROCESSES": "1"}

    async def _start(self, number: int, environ: dict[str, str], runtime: Path, note: str) -> None:
        """Returns when it serves. Raises `NotReady`."""
        readable, writable = os.pipe()
        words = [os.getpid(), number, self._count, self._listener.fileno(), writable, runtime, note]
        # Once: what is deleted by then must not come back because a process has died.
        if number == 1 and not self.restarts:
            words += [self._rules or "", *(["--welcome"] if self._welcome else [])]
        try:
            try:
                self._running[number] = process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", "api.process", *map(str, words)),
                    env=environ,
                    stdin=asyncio.subprocess.DEVNULL,
                    pass_fds=(self._listener.fileno(), writable),
                    # Ctrl-C is for this process, which then stops the others itself.
                    start_new_session=True,
                )
            finally:
                os.close(writable)
            try:
                async with asyncio.timeout(READY_WITHIN):
                    ready = await _first_byte(readable)  # none: it has ended
            except TimeoutError:
                log.error("a process does not come to serve: killed", process=number, within=READY_WITHIN)
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                ready = b""
        finally:
            os.close(readable)
        if not ready:
            raise NotReady(await process.wait())

    async def _watch(self, number: int, environ: dict[str, str], runtime: Path, note: str) -> None:
        """Start it again whenever it ends, after growing pauses."""
        pause, longest = BACK_OFF
        while True:
            since = time.monotonic()
            status = await self._running[number].wait()
            log.error("a process ended", process=number, status=status)
            if time.monotonic() - since > STEADY_AFTER:
                pause = BACK_OFF[0]
            await asyncio.sleep(pause)
            pause = min(2 * pause, longest)
            self.restarts += 1
            try:
                await self._start(number, environ, runtime, note)
            except (NotReady, OSError) as error:
                log.error("a process does not start", process=number, error=str(error), next_try_in=pause)
            else:
                log.info("a process was started again", process=number)

    async def _end(self) -> None:
        """All at once; by force what does not stop."""
        running = [process for process in self._running.values() if process.returncode is None]
        for process in running:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        waiting = [asyncio.create_task(process.wait()) for process in running]
        if waiting:
            await asyncio.wait(waiting, timeout=GRACE)
        for process in running:
            if process.returncode is None:
                log.warning("a process did not stop: killed", pid=process.pid)
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
        await asyncio.gather(*waiting)


async def _first_byte(descriptor: int) -> bytes:
    """In no thread: one that reads cannot be called off."""
    came = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(descriptor, came.set)
    try:
        await came.wait()
    finally:
        loop.remove_reader(descriptor)
    return os.read(descriptor, 1)


async def _all(acts: Iterable[Coroutine[None, None, None]]) -> None:
    """Side by side, until one fails: then none goes on."""
    tasks = [asyncio.create_task(act) for act in acts]
    try:
        await asyncio.gather(*tasks)
    finally:
        await _cancelled(*tasks)


async def _cancelled(*tasks: asyncio.Task[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def supervise(processes: Processes) -> None:
    """Run them until this process is told to stop."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, processes.stop)
    await processes.run()
