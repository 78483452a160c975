"""The zygote: imports and warms what workers need, gives up its rights, then forks a worker in a millisecond.

It is started as a fresh program with an empty environment, so it never held a secret. It runs no rule.
"""

from __future__ import annotations

import array
import datetime
import gc
import hashlib
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

from sandbox import compiler, confinement, progress, worker
from sandbox.limits import Limits
from sandbox.wire import Hello

MESSAGE = 4096
# What decides how a rule is compiled and guarded: their text is the policy's version.
POLICY_FILES = (
    "compiler.py",
    "exposed.py",
    "guards.py",
    "language.py",
    "modules.py",
    "recorder.py",
    "transformer.py",
)

# Codecs are imported when they are first named, which a confined worker cannot do.
ENCODINGS = """ascii latin-1 utf-8 utf-8-sig utf-7 utf-16 utf-16-le utf-16-be utf-32 utf-32-le utf-32-be cp437 cp1250
cp1251 cp1252 iso8859-2 iso8859-15 idna punycode raw_unicode_escape unicode_escape""".split()


class Order(msgspec.Struct, frozen=True):
    """What the service asks for. The descriptors travel beside it: channel, progress, trace."""

    id: int
    kind: str  # "worker" or "compile"


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A child was started (a pidfd travels beside it) or has ended."""

    event: str  # "started" or "ended"
    id: int
    pid: int
    status: int = 0  # as from `os.waitstatus_to_exitcode`


def main() -> None:
    """Arguments: the control socket's descriptor, the service's process id, the limits as JSON."""
    control = socket.socket(fileno=int(sys.argv[1]))
    limits = msgspec.json.decode(sys.argv[3], type=Limits)
    _warm(limits)
    stamps = _stamps()
    layers = confinement.confine_zygote(parent=int(sys.argv[2]))
    calls = confinement.system_calls()
    gc.collect()
    gc.freeze()
    control.send(msgspec.json.encode(msgspec.structs.replace(stamps, layers=layers)))
    Zygote(control, limits, calls).run()


def _stamps() -> Hello:
    here = Path(__file__).parent
    policy = hashlib.sha256()
    for name in POLICY_FILES:
        policy.update((here / name).read_bytes())
    return Hello(
        policy=policy.hexdigest(),
        restrictedpython=importlib.metadata.version("RestrictedPython"),
        cache_tag=str(sys.implementation.cache_tag),
        magic=importlib.util.MAGIC_NUMBER.hex(),
        layers={},
    )


def _warm(limits: Limits) -> None:
    """Have everything imported that is imported late, while files can still be opened."""
    datetime.datetime.strptime("2026-01-02", "%Y-%m-%d").strftime("%A")
    for encoding in ENCODINGS:
        "".encode(encoding)
    json.loads("{}")
    compiler.compile_rule("import re, json\ndef rule(user, context):\n    match user:\n        case _: pass\n", limits)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compiler.compile_rule("def rule(:", limits)


class Zygote:
    def __init__(self, control: socket.socket, limits: Limits, calls: confinement.Filter) -> None:
        self._control = control
        self._calls = calls
        self._limits = limits
        self._children: dict[int, int] = {}  # process id: order id
        self._pid = os.getpid()

    def run(self) -> None:
        """Serve orders until the service closes the control socket."""
        wake_read, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        while True:
            ready, _, _ = select.select([self._control.fileno(), wake_read], [], [])
            if wake_read in ready:
                os.read(wake_read, 4096)
                self._reap()
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
        confinement.confine_worker(limits, memory, self._pid, fds, self._calls)
        if shared is None:
            worker.compile_once(channel, limits)
        else:
            worker.serve(channel, shared, fds[2], limits)
        os._exit(0)

    def _reap(self) -> None:
        while self._children:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            ended = self._children.pop(pid)
            self._report(Report(event="ended", id=ended, pid=pid, status=os.waitstatus_to_exitcode(status)), [])

    def _report(self, report: Report, fds: list[int]) -> None:
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        self._control.sendmsg([msgspec.json.encode(report)], rights)


if __name__ == "__main__":
    main()
