"""A worker: one process, one tenant, one job at a time, until it is told to stop or killed.

Everything here runs confined. A surprise in the protocol ends the process: the service replaces it.
"""

from __future__ import annotations

import faulthandler
import gc
import os
import signal
import socket
import sys

import msgspec

from sandbox.calls import Caller
from sandbox.compiler import compile_rule
from sandbox.limits import Limits
from sandbox.memory import Memory
from sandbox.outline import outline
from sandbox.pipeline import Pipeline
from sandbox.program import Program, load
from sandbox.progress import COLLECTING, IDLE, Progress
from sandbox.timer import TimeLimit, Timer
from sandbox.warm import warm
from sandbox.wire import HEAD, CompileJob, Job, frame, from_service, to_service

# The service asks a worker that hangs where it is; C code answers, since Python code may be stuck.
WHERE_SIGNAL = signal.SIGUSR1
LOOK_EVERY = 16  # jobs: how often the memory is looked at though none of their rules was slow


def serve(channel: socket.socket, progress: Progress, trace_fd: int, limits: Limits, known: Program | None) -> None:
    """Answer jobs until the channel closes. `known` is a rule to warm up with."""
    faulthandler.register(WHERE_SIGNAL, file=trace_fd, all_threads=False, chain=False)
    sys.setrecursionlimit(limits.recursion)
    gc.disable()  # collected between jobs, where nobody waits
    timer, memory = Timer(), Memory()
    if known is not None:
        _collect([warm(known, limits, progress, timer, memory)], progress, timer, limits)
    programs: dict[str, Program] = {}
    frames = Frames(channel)
    caller = Caller(channel, frames, limits, progress, timer)
    loaded, count = False, 0
    while (body := frames.next()) is not None:
        job = from_service.decode(body)
        assert isinstance(job, Job), "a worker runs, it does not compile"
        for rule in (*caller.taken_back(), *job.rules):
            if rule.code:
                programs[rule.digest] = load(rule.code)
                loaded = True
        pipeline = Pipeline(job, programs, limits, progress, timer, memory, caller)
        answer = pipeline.run()
        count += 1
        looked = pipeline.slow or count % LOOK_EVERY == 0
        if pipeline.abnormal or (looked and memory.growth() > limits.recycle_growth):
            answer = msgspec.structs.replace(answer, tired=True)
        channel.sendall(frame(to_service.encode(answer)))
        left: list[object] = [pipeline, answer]
        del job, pipeline, answer, body
        _collect(left, progress, timer, limits)
        if loaded:
            gc.freeze()  # the programs stay: to look through them costs as much as a rule, every time
            loaded = False


def _collect(left: list[object], progress: Progress, timer: Timer, limits: Limits) -> None:
    """Finalisers that a rule left behind run here, under the timer, so that the next login does not wait for them."""
    progress.enter(-1, COLLECTING)
    try:
        timer.start(limits.idle_time)
        left.clear()
        gc.collect()
    except TimeLimit:
        os._exit(0)
    finally:
        timer.stop()
    progress.enter(-1, IDLE)


def compile_once(channel: socket.socket, limits: Limits) -> None:
    """Compile or outline one rule, answer, end."""
    sys.setrecursionlimit(3000)
    body = Frames(channel).next()
    if body is not None:
        job = from_service.decode(body)
        assert isinstance(job, CompileJob), "a compile child compiles, it does not run"
        answer = outline(job.source) if job.outline else compile_rule(job.source, limits, job.modules, job.module)
        channel.sendall(frame(to_service.encode(answer)))


class Frames:
    """The frames that come by a channel."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._buffer = bytearray()

    def next(self) -> bytes | None:
        """The body of the next frame, None when the channel is closed."""
        buffer = self._buffer
        while len(buffer) < HEAD.size or len(buffer) < HEAD.size + HEAD.unpack_from(buffer)[0]:
            part = self._channel.recv(1 << 17)
            if not part:
                return None
            buffer += part
        end = HEAD.size + HEAD.unpack_from(buffer)[0]
        body = bytes(buffer[HEAD.size : end])
        del buffer[:end]
        return body
