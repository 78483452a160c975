"""What processes cost: the machine's processors and memory, read from /proc."""

from __future__ import annotations

import os
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


def busy() -> float:
    """Seconds of all processors that were not idle since the machine's start.

    Of the machine and not of a tree of processes: workers that have ended are in nobody's count any more.
    """
    fields = [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
    idle = fields[3] + fields[4]
    return (sum(fields[:8]) - idle) / TICK


def cpu(pid: int) -> float:
    """Seconds that `pid` and all below it have run, those that have ended and were waited for included.

    What else the machine does is not in it.
    """
    total = 0
    for each in tree(pid):
        try:
            fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += sum(map(int, fields[11:15]))  # utime, stime, cutime, cstime
    return total / TICK


def tree(pid: int) -> list[int]:
    """`pid` and everything it has started, that lives."""
    found = [pid]
    for each in found:
        for task in Path(f"/proc/{each}/task").glob("*/children"):
            try:
                found += [int(child) for child in task.read_text().split()]
            except OSError:
                continue
    return found


def memory(pid: int) -> int:
    """Bytes of memory of `pid` and all below it, shared pages divided (PSS). 0 where the kernel shows none of it."""
    total = 0
    for each in tree(pid):
        try:
            lines = Path(f"/proc/{each}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    return total
