"""The small shared mapping in which a worker notes where it is, so that a trace survives its death.

The worker writes, the service reads. After a kill the content is as hostile as an answer: every number is
checked against what was asked, and the journal is decoded as strictly as any other.
"""

from __future__ import annotations

import mmap
import struct
import time
from typing import NamedTuple

SIZE = 256 * 1024
HEADER = struct.Struct("<QqiIQ")  # seq, step, phase, journal length, started (ns, monotonic)
LENGTH, LENGTH_AT = struct.Struct("<I"), 20
RESERVED = 16 * 1024  # more than a denial of `Limits.text` characters, each escaped
BODY = 64  # where the journal begins

IDLE, RUNNING, COLLECTING, CALLING = 0, 1, 2, 3


class Place(NamedTuple):
    seq: int
    step: int
    phase: int
    length: int
    started: float  # seconds on the monotonic clock, which all processes of a machine share


class Progress:
    """One worker's mapping, seen from either side."""

    __slots__ = ("_before", "_length", "_map", "_seq")

    def __init__(self, fd: int) -> None:
        self._map = mmap.mmap(fd, SIZE)
        self._seq = self._length = 0
        self._before = 0, 0, 0  # the step that waits for a call, when it started, and since when it waits

    def begin(self, seq: int) -> None:
        self._seq, self._length = seq, 0

    def enter(self, step: int, phase: int) -> int:
        """Note that `step` starts now: its time limit counts from here. Answers the time, in monotonic nanoseconds."""
        now = time.monotonic_ns()
        self._be_at(step, phase, now)
        return now

    def call(self) -> None:
        """Note that the step waits for a call."""
        _, step, _, _, started = HEADER.unpack_from(self._map, 0)
        self._before = step, started, time.monotonic_ns()
        self._be_at(step, CALLING, started)

    def go_on(self) -> int:
        """Note that the step goes on, as if it had started later by the wait. Answers that, in nanoseconds."""
        step, started, since = self._before
        waited = time.monotonic_ns() - since
        self._be_at(step, RUNNING, started + waited)
        return waited

    def _be_at(self, step: int, phase: int, started: int) -> None:
        # In one piece: `pack_into` clears everything first, and the service may look meanwhile.
        self._map[: HEADER.size] = HEADER.pack(self._seq, step, phase, self._length, started)

    def append(self, event: bytes, *, decides: bool = False) -> None:
        """Keep one journal event; what no longer fits is lost to the trace of a killed execution only.

        For the one that decides the login there is always room.
        """
        start = BODY + self._length
        end = start + len(event) + 1
        if end <= (SIZE if decides else SIZE - RESERVED):
            self._map[start:end] = event + b","
            self._length = end - BODY
            LENGTH.pack_into(self._map, LENGTH_AT, self._length)

    def mark(self) -> int:
        """Where the next event will stand, for `rewind`."""
        return self._length

    def rewind(self, mark: int) -> None:
        """Forget the events behind `mark`."""
        self._length = mark
        LENGTH.pack_into(self._map, LENGTH_AT, mark)

    def place(self) -> Place:
        """Where the worker is; what it writes meanwhile is seen whole or not at all."""
        text = self._map[: HEADER.size]
        for _ in range(3):  # one that never stops writing lies
            before, text = text, self._map[: HEADER.size]
            if text == before:
                break
        seq, step, phase, length, started = HEADER.unpack(text)
        return Place(seq, step, phase, length, started / 1e9)

    def journal(self) -> bytes:
        """The events so far as the text of a JSON array; not yet known to be valid."""
        length = min(self.place().length, SIZE - BODY)
        return b"[" + self._map[BODY : BODY + max(length - 1, 0)] + b"]"

    def close(self) -> None:
        self._map.close()
