"""How many processors there are for us: in a container fewer than the machine has."""

from __future__ import annotations

import math
import os
from pathlib import Path

GROUPS = Path("/proc/self/cgroup")
MOUNTED = Path("/sys/fs/cgroup")


def processors(groups: Path = GROUPS, mounted: Path = MOUNTED) -> int:
    """Those that this process may run on (`sched_getaffinity(2)`), and no more than the control groups above it are
    given time of (cgroups(7): `cpu.max` of version 2, `cpu.cfs_quota_us` of version 1). At least one; a part of one
    counts as one.
    """
    shares = [len(os.sched_getaffinity(0))]
    for group in _groups(groups, mounted):
        # In a container's own namespace the path begins at what is mounted; elsewhere it may lead out of it.
        for folder in (group, *group.parents):
            if folder.is_relative_to(mounted) and (share := _share(folder)) is not None:
                shares.append(max(1, math.ceil(share)))
    return min(shares)


def _groups(groups: Path, mounted: Path) -> list[Path]:
    """The folders of the groups of version 2 and of version 1 that this process is in."""
    try:
        lines = groups.read_text().splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if not controllers:
            found.append(mounted / path.lstrip("/"))
        elif "cpu" in controllers.split(","):
            found.append(mounted / controllers / path.lstrip("/"))
    return found


def _share(folder: Path) -> float | None:
    """Of how many processors a group may have the time; None where it has no limit of its own."""
    try:
        quota, period = (folder / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            quota, period = ((folder / f"cpu.cfs_{name}_us").read_text().strip() for name in ("quota", "period"))
        except OSError:
            return None
    if not (quota.isdigit() and period.isdigit() and int(period)):
        return None  # `max`, or -1
    return int(quota) / int(period)
