"""The zygote: imports and warms what workers need, gives up its rights, then forks a worker in a millisecond.

It is started as a fresh program with an empty environment, so it never held a secret. It runs no rule but one of
its own.
"""

from __future__ import annotations

import array
import datetime
import gc
import hashlib
import hmac
import importlib
import importlib.metadata
import importlib.util
import json
import os
import select
import signal
import socket
import sys
import warnings
from pathlib import Path

import msgspec

from sandbox import compiler, layers, progress, warm, worker, zones
from sandbox.confinement import Confinement
from sandbox.facades import DIGESTS
from sandbox.limits import Limits
from sandbox.memory import Memory
from sandbox.program import Program
from sandbox.timer import Timer
from sandbox.wire import Hello, NotConfined

MESSAGE = 4096
# Codecs are imported when they are first named, which a confined worker cannot do.
ENCODINGS = """ascii latin-1 utf-8 utf-8-sig utf-7 utf-16 utf-16-le utf-16-be utf-32 utf-32-le utf-32-be cp437 cp1250
cp1251 cp1252 iso8859-2 iso8859-15 idna punycode raw_unicode_escape unicode_escape""".split()

# What the library imports inside its functions.
LATE = ("_pydecimal", "_strptime", "heapq")
if sys.version_info >= (3, 12):
    LATE += ("_pylong",)  # division of long numbers


class Order(msgspec.Struct, frozen=True):
    """What the service asks for. The descriptors travel beside it: channel, progress, trace."""

    id: int
    kind: str  # "compile", "worker", or "spare": a worker that has the time to warm up first


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A child was started (a pidfd travels beside it) or has ended."""

    event: str  # "started" or "ended"
    id: int
    pid: int
    status: int = 0  # as from `os.waitstatus_to_exitcode`


def main() -> None:
    """Arguments: the control socket's descriptor, the service's process id, the limits as JSON, and the layers that
    may be missing, separated by commas. Ends without a worker when another one is."""
    control = socket.socket(fileno=int(sys.argv[1]))
    limits = msgspec.json.decode(sys.argv[3], type=Limits)
    known = _warm(limits)
    stamps = _stamps()
    gc.collect()
    gc.freeze()
    confinement = Confinement(service=int(sys.argv[2]))
    confinement.confine_zygote(limits)
    states = confinement.layers
    if missing := layers.unacceptable(states, confinement.not_offered, sys.argv[4].split(",")):
        control.send(msgspec.json.encode(NotConfined(missing=missing)))
        sys.exit(1)
    control.send(msgspec.json.encode(msgspec.structs.replace(stamps, layers=states)))
    Zygote(control, limits, confinement, known).run()


def _stamps() -> Hello:
    """The policy's version is the text of this whole package: what decides how a rule is compiled and guarded stands in
    most of its files, and a list of them would miss one some day. The price is that each upgrade compiles anew."""
    policy = hashlib.sha256()
    for file in sorted(Path(__file__).parent.glob("*.py")):
        policy.update(file.read_bytes())
    return Hello(
        policy=policy.hexdigest(),
        restrictedpython=importlib.metadata.version("RestrictedPython"),
        cache_tag=str(sys.implementation.cache_tag),
        magic=importlib.util.MAGIC_NUMBER.hex(),
        layers={},
    )


def _warm(limits: Limits) -> Program:
    """Have everything imported that is imported late, while files can still be opened, and a rule of ours run, which
    children run again."""
    warnings.simplefilter("ignore")  # printing one opens the source file, and has no reader
    zones.zones()
    for module in LATE:
        importlib.import_module(module)
    for digest in DIGESTS:
        hmac.new(b"", b"", digest)
    datetime.datetime.strptime("2026-01-02", "%Y-%m-%d").strftime("%A")
    for encoding in ENCODINGS:
        "".encode(encoding)
    json.loads("{}")
    compiler.compile_rule("import re, json\ndef rule(user, context):\n    match user:\n        case _: pass\n", limits)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compiler.compile_rule("def rule(:", limits)
    known = warm.program(limits)
    mapping = os.memfd_create("warm")
    os.ftruncate(mapping, progress.SIZE)
    shared, timer, memory = progress.Progress(mapping), Timer(), Memory()
    for _ in range(warm.TIMES):
        warm.warm(known, limits, shared, timer, memory)
    timer.off()
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    shared.close()
    os.close(mapping)
    return known


class Zygote:
    def __init__(self, control: socket.socket, limits: Limits, confinement: Confinement, known: Program) -> None:
        self._control = control
        self._confinement = confinement
        self._limits = limits
        self._known = known
        self._children: dict[int, int] = {}  # process id: order id
        self._pid_seen = confinement.parent_seen

    def run(self) -> None:
        """Serve orders until the service closes the control socket."""
        wake_read, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        while True:
            ready, _, _ = select.select([self._control.fileno(), wake_read], [], [])
            if wake_read in ready:
                os.read(wake_read, 4096)
                if not self._reap():
                    return
            if self._control.fileno() in ready and not self._take_order():
                return

    def _take_order(self) -> bool:
        try:
            text, fds, _, _ = socket.recv_fds(self._control, MESSAGE, 3)
        except ConnectionResetError:
            return False
        if not text:
            return False
        order = msgspec.json.decode(text, type=Order)
        try:
            pid = os.fork()
        except OSError:  # no memory, or too many processes: the service sees the channel close, and tries again
            for fd in fds:
                os.close(fd)
            return True
        if pid == 0:
            try:
                self._be_child(order, fds)
            finally:
                os._exit(1)
        for fd in fds:
            os.close(fd)
        self._children[pid] = order.id
        pidfd = os.pidfd_open(pid)
        self._report(Report(event="started", id=order.id, pid=pid), [pidfd])
        os.close(pidfd)
        return True

    def _be_child(self, order: Order, fds: list[int]) -> None:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        limits = self._limits
        compiling = order.kind == "compile"
        memory = limits.compile_memory if compiling else limits.worker_memory
        channel = socket.socket(fileno=fds[0])
        shared = None if compiling else progress.Progress(fds[1])
        # Not the shared memory's: the mapping stays without it.
        self._confinement.confine_child(limits, memory, self._pid_seen, [fds[0], fds[2]])
        if shared is None:
            worker.compile_once(channel, limits)
        else:
            worker.serve(channel, shared, fds[2], limits, self._known if order.kind == "spare" else None)
        os._exit(0)

    def _reap(self) -> bool:
        """Report the children that have ended. False when none can be born any more."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return True
            if pid == 0:
                return True
            if pid == self._confinement.init:
                return False
            ended = self._children.pop(pid)
            self._report(Report(event="ended", id=ended, pid=pid, status=os.waitstatus_to_exitcode(status)), [])

    def _report(self, report: Report, fds: list[int]) -> None:
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        self._control.sendmsg([msgspec.json.encode(report)], rights)


if __name__ == "__main__":
    main()
