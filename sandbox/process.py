"""The service's side of a process: the zygote, and one worker as it is seen from outside."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import msgspec

from sandbox.brokering import Calling
from sandbox.limits import Limits
from sandbox.progress import SIZE, Progress
from sandbox.sending import Sent
from sandbox.wire import HEAD, Hello, NotConfined

if TYPE_CHECKING:
    from sandbox.executions import Ticket

ROOT = Path(__file__).resolve().parent.parent
BOOT = "import sys; sys.path.insert(0, {root!r}); from sandbox.zygote import main; main()"
START_TIMEOUT = 30.0
# A new Python brings new syntax, new attributes and new bytecode: each is tried with the whole attack corpus first.
PYTHONS = ((3, 11), (3, 12), (3, 13))
LOW = 10  # niceness of what no login waits for
FRAME_LINE = re.compile(r'File "<rule>", line (\d{1,6}) in ')


class SandboxUnavailable(Exception):
    """No worker can be had: the zygote did not start."""


class Unconfined(SandboxUnavailable):
    """The kernel does not give what rules have to be confined by. `missing`: the layers, each with the reason."""

    def __init__(self, missing: dict[str, str]) -> None:
        self.missing = missing
        listed = ", ".join(f"`{name}` ({why})" for name, why in missing.items())
        super().__init__(f"rules cannot be confined here, for want of {listed}")


def require_known_python(version: tuple[int, int], implementation: str) -> None:
    """Raises `SandboxUnavailable` for an interpreter that the sandbox was not tested on."""
    if implementation != "cpython" or version not in PYTHONS:
        known = ", ".join(f"{major}.{minor}" for major, minor in PYTHONS)
        raise SandboxUnavailable(
            f"the sandbox runs on CPython {known}, and this is {implementation} {version[0]}.{version[1]}: "
            "another version has other ways out, which nobody has tried"
        )


class ZygoteProcess:
    """The zygote and the control socket to it."""

    def __init__(
        self, limits: Limits, on_end: Callable[[ZygoteProcess], None], unconfined_by: Collection[str] = ()
    ) -> None:
        """`unconfined_by`: the layers of confinement that may be missing."""
        self._limits = limits
        self._unconfined_by = unconfined_by
        self._on_end = on_end
        self._pidfds: dict[int, Callable[[int, int], None]] = {}
        self._next = 0
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self.hello: Hello | None = None

    @property
    def alive(self) -> bool:
        return self._control is not None and self.hello is not None

    @property
    def ended(self) -> bool:
        """Whether the process is gone, also while nobody has noticed."""
        return not self.alive or self._process is None or self._process.poll() is not None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def start(self) -> Hello:
        """Start the program and wait until it is confined. Raises `SandboxUnavailable`."""
        require_known_python(sys.version_info[:2], sys.implementation.name)
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        limits = msgspec.json.encode(self._limits).decode()
        arguments = [str(theirs.fileno()), str(os.getpid()), limits, ",".join(self._unconfined_by)]
        # Not `-I`: it would ignore the fixed hash seed, on which the order of sets in a rule depends. The time
        # zone is fixed, since naive times in a rule would follow the machine's.
        with contextlib.ExitStack() as unless_started, theirs:
            unless_started.enter_context(ours)
            self._process = subprocess.Popen(  # noqa: S603, ASYNC220  once, at the start
                [sys.executable, "-s", "-P", "-B", "-c", BOOT.format(root=str(ROOT)), *arguments],
                env={"PYTHONHASHSEED": "0", "TZ": "UTC"},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                cwd="/",
            )
            unless_started.pop_all()
        try:
            text = await asyncio.wait_for(loop.sock_recv(ours, 65536), START_TIMEOUT)
            greeting = msgspec.json.decode(text, type=Hello | NotConfined)
        except asyncio.CancelledError:
            ours.close()
            self._process.kill()
            self._process.wait()
            raise
        except (TimeoutError, OSError, msgspec.DecodeError) as error:
            ours.close()
            self._process.kill()
            await asyncio.to_thread(self._process.wait)
            raise SandboxUnavailable("the sandbox's zygote did not start: its reason is on standard error") from error
        if isinstance(greeting, NotConfined):
            ours.close()
            await asyncio.to_thread(self._process.wait)
            raise Unconfined(greeting.missing)
        self.hello = greeting
        self._control = ours
        loop.add_reader(ours.fileno(), self._read)
        return self.hello

    def spawn(self, kind: str, fds: list[int], started: Callable[[int, int], None]) -> None:
        """Ask for a child that gets `fds`; `started(pid, pidfd)` is called with a pidfd to own."""
        if self._control is None:
            raise SandboxUnavailable("the zygote is gone")
        self._next += 1
        self._pidfds[self._next] = started
        order = msgspec.json.encode({"id": self._next, "kind": kind})
        try:
            socket.send_fds(self._control, [order], fds)
        except OSError as error:
            del self._pidfds[self._next]
            raise SandboxUnavailable("the zygote takes no orders") from error

    def _read(self) -> None:
        control = self._control
        if control is None:
            return
        while True:
            try:
                text, fds, _, _ = socket.recv_fds(control, 4096, 4)
            except BlockingIOError:
                return
            except OSError:
                text, fds = b"", []
            if not text:
                self._gone()
                return
            report: dict[str, Any] = msgspec.json.decode(text)
            if report["event"] == "started" and fds:
                started = self._pidfds.pop(report["id"], None)
                if started is not None:
                    started(report["pid"], fds[0])
                    continue
            for fd in fds:
                os.close(fd)

    def _gone(self) -> None:
        self._close_control()
        self._on_end(self)

    def _close_control(self) -> None:
        if self._control is not None:
            asyncio.get_running_loop().remove_reader(self._control.fileno())
            self._control.close()
            self._control = None

    async def stop(self) -> None:
        """End the zygote, and with it every worker."""
        self._close_control()
        if self._process is not None:
            self._process.kill()
            await asyncio.to_thread(self._process.wait)


class Worker(asyncio.Protocol):
    """One worker process: its channel, what was sent to it, and its end."""

    def __init__(
        self,
        on_answer: Callable[[Worker, bytes], None],
        on_end: Callable[[Worker], None],
        limit: int,
    ) -> None:
        self._on_answer = on_answer
        self._on_end = on_end
        self._limit = limit
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self._pidfd: int | None = None
        self._kill_wanted = False
        self._low = False
        self._garbled = False
        self._trace_fd = -1
        self._said = ""
        self.pid: int | None = None
        self.progress: Progress | None = None
        self.key: str | None = None  # the tenant it is bound to, from its first job on
        self.in_flight: deque[Ticket] = deque()
        self._sent = Sent()
        self.calling = Calling()
        self.executions = 0
        self.retiring = False
        self.head_since = 0.0
        self.idle_since = 0.0
        self.asked: float | None = None  # when we asked it where it is
        self.late: str | None = None  # why we killed it
        self.ended = False
        self.line: int | None = None

    @classmethod
    async def start(
        cls,
        zygote: ZygoteProcess,
        kind: str,
        on_answer: Callable[[Worker, bytes], None],
        on_end: Callable[[Worker], None],
        limit: int,
    ) -> Worker:
        """A worker that takes frames at once: they wait in its channel while it is forked."""
        worker = cls(on_answer, on_end, limit)
        with contextlib.ExitStack() as unless_started, contextlib.ExitStack() as handed_over:
            ours, theirs = socket.socketpair()
            unless_started.enter_context(ours)
            handed_over.enter_context(theirs)
            memory = os.memfd_create("progress", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
            handed_over.callback(os.close, memory)
            trace_read, trace_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
            unless_started.callback(os.close, trace_read)
            handed_over.callback(os.close, trace_write)
            os.ftruncate(memory, SIZE)
            # A worker that could shrink it would end the service, by SIGBUS at its next look.
            fcntl.fcntl(memory, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
            zygote.spawn(kind, [theirs.fileno(), memory, trace_write], worker._started)
            worker.progress = Progress(memory)
            worker._trace_fd = trace_read
            unless_started.pop_all()
        loop = asyncio.get_running_loop()
        await loop.create_unix_connection(lambda: worker, sock=ours)
        return worker

    def give(self, ticket: Ticket) -> None:
        """Queue it in the worker's channel."""
        if not self.in_flight:
            self.head_since = ticket.begun = time.monotonic()
        self.in_flight.append(ticket)
        self.send(self._sent.frame(ticket))

    def take_head(self) -> Ticket:
        """The job at the head has been answered: the next one is there now."""
        ticket = self.in_flight.popleft()
        self.executions += 1
        self.head_since = self.idle_since = time.monotonic()
        if self.in_flight:
            self.in_flight[0].begun = self.head_since
        self.asked = None
        self.calling.begin()
        return ticket

    def take_back(self) -> list[Ticket]:
        """What is queued behind the head, which makes a call: the worker forgets them too (`sandbox.calls`)."""
        head, *behind = self.in_flight
        self.in_flight = deque((head,))
        return behind

    def go_on(self, reply: bytes) -> None:
        """Its call has been answered."""
        self.calling.end()
        self.head_since = time.monotonic()  # what is queued behind it from now on has not waited for it before
        self.send(reply)

    def send(self, text: bytes) -> None:
        assert self._transport is not None, "start() waits for the connection"
        self._transport.write(text)

    @property
    def is_at_work(self) -> bool:
        return bool(self.in_flight) and not self.calling.going_on

    @property
    def doomed(self) -> bool:
        """Whether it was killed: what still comes of it, it sent before."""
        return self._kill_wanted

    @property
    def has_read(self) -> bool:
        """Whether it has taken everything that was sent to it, but for what the kernel keeps between."""
        return self._transport is None or self._transport.get_write_buffer_size() == 0

    def ask_where(self) -> None:
        """Have the worker's C code write its traceback, for the line of a rule that hangs."""
        self._read_trace()  # of an earlier job
        self._said, self.line = "", None
        self.asked = time.monotonic()
        self._signal(signal.SIGUSR1)

    def has_told(self) -> bool:
        """Whether it has answered `ask_where`, with a line of the rule."""
        self._read_trace()
        return self.line is not None

    def step_back(self) -> None:
        """From now on it runs when others do not want to."""
        self._low = True
        if self.pid is not None:
            # Where it may not be lowered it goes on as it is: that is about speed alone.
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, self.pid, LOW)

    def kill(self, why: str | None = None) -> None:
        """End it now. `on_end` follows when the kernel has done so."""
        self.late = self.late or why
        self._kill_wanted = self.retiring = True
        self._signal(signal.SIGKILL)

    def garbled(self, why: str) -> None:
        """End it for what it sent, and read nothing more of it."""
        self._garbled = True
        self._buffer.clear()
        self.kill(why)

    def _signal(self, number: signal.Signals) -> None:
        if self._pidfd is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, number)

    def _started(self, pid: int, pidfd: int) -> None:
        self.pid, self._pidfd = pid, pidfd
        if self._low:
            self.step_back()
        if self._kill_wanted:
            self._signal(signal.SIGKILL)
        if self._transport is None and self.progress is None:  # it has ended already
            self._close_pidfd()

    def _close_pidfd(self) -> None:
        if self._pidfd is not None:
            os.close(self._pidfd)
            self._pidfd = None

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are not subclasses of asyncio's.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self._garbled:
            return
        buffer = self._buffer
        buffer += data
        while len(buffer) >= HEAD.size and not self._garbled:
            (size,) = HEAD.unpack_from(buffer)
            if size > self._limit:
                self.garbled("a frame over the size limit")
                return
            if len(buffer) < HEAD.size + size:
                return
            body = bytes(buffer[HEAD.size : HEAD.size + size])
            del buffer[: HEAD.size + size]
            self._on_answer(self, body)

    def connection_lost(self, error: Exception | None) -> None:
        self.ended = True
        self._signal(signal.SIGKILL)
        self._read_trace()
        self._transport = None
        try:
            self._on_end(self)
        finally:
            self._close_pidfd()
            if self.progress is not None:
                self.progress.close()
                self.progress = None
            if self._trace_fd >= 0:
                os.close(self._trace_fd)
                self._trace_fd = -1

    def _read_trace(self) -> None:
        """The innermost line of the rule, out of what `ask_where` left; hostile text, so digits only."""
        try:
            text = os.read(self._trace_fd, 65536).decode("ascii", "replace")
        except BlockingIOError:
            return
        self._said = (self._said + text)[:65536]
        if (found := FRAME_LINE.search(self._said)) is not None:
            self.line = int(found[1])
