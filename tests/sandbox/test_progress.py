"""The shared mapping, written by one process and read by another."""

from __future__ import annotations

import os
import signal
import time

from sandbox.progress import SIZE, Progress


def test_a_place_is_read_whole() -> None:
    """Half of one place and half of another would say that a worker is late, and end it."""
    memory = os.memfd_create("progress")
    os.ftruncate(memory, SIZE)
    progress = Progress(memory)
    progress.enter(0, 0)
    writer = os.fork()
    if writer == 0:
        seq = 0
        while True:
            seq += 1
            progress.begin(seq)
            progress.enter(seq % 1000, 1 + seq % 3)
    try:
        end = time.monotonic() + 0.5
        seen = set()
        while time.monotonic() < end:
            place = progress.place()
            seen.add(place.seq)
            assert place.seq == 0 or (place.step, place.phase) == (place.seq % 1000, 1 + place.seq % 3)
            assert end - 1 < place.started <= time.monotonic()
        assert len(seen) > 1
    finally:
        os.kill(writer, signal.SIGKILL)
        os.waitpid(writer, 0)
        progress.close()
        os.close(memory)
