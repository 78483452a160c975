"""How many processors there are for us: those of the affinity, and no more than the control groups give time of."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.processors import processors

ALL = len(os.sched_getaffinity(0))


def test_of_this_machine() -> None:
    assert 1 <= processors() <= ALL


def test_of_an_affinity() -> None:
    one = f"import os; os.sched_setaffinity(0, {{{min(os.sched_getaffinity(0))}}})"
    program = f"{one}\nfrom sandbox.processors import processors\nprint(processors())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"


@pytest.mark.parametrize(
    ("lines", "files", "found"),
    [
        ("0::/\n", {}, ALL),
        ("0::/\n", {"cpu.max": "100000 100000\n"}, 1),
        ("0::/\n", {"cpu.max": "50000 100000\n"}, 1),
        ("0::/\n", {"cpu.max": "max 100000\n"}, ALL),
        ("0::/\n", {"cpu.max": f"{ALL}50000 100000\n"}, ALL),
        ("0::/a/b\n", {"a/cpu.max": "1000 100000\n", "a/b/cpu.max": "max 100000\n"}, 1),
        ("0::/a/b\n", {"c/cpu.max": "1000 100000\n"}, ALL),
        ("0::/../out\n", {"cpu.max": "1000 100000\n"}, 1),
        ("0::/\n", {"cpu.max": "what is this\n"}, ALL),
        ("0::/\n", {"cpu.max": "1000 0\n"}, ALL),
        (
            "3:cpu,cpuacct:/a\n2:memory:/b\n",
            {"cpu,cpuacct/a/cpu.cfs_quota_us": "100000\n", "cpu,cpuacct/a/cpu.cfs_period_us": "100000\n"},
            1,
        ),
        ("1:cpu:/\n", {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, ALL),
        ("1:cpu:/a:b\n", {"cpu/a:b/cpu.cfs_quota_us": "9\n", "cpu/a:b/cpu.cfs_period_us": "100000\n"}, 1),
        (None, {"cpu.max": "1000 100000\n"}, ALL),
    ],
)
@pytest.mark.skipif(ALL < 2, reason="with one processor, one is always the answer")
def test_of_control_groups(tmp_path: Path, lines: str | None, files: dict[str, str], found: int) -> None:
    groups, mounted = tmp_path / "cgroup", tmp_path / "mounted"
    if lines is not None:
        groups.write_text(lines)
    for name, text in files.items():
        (mounted / name).parent.mkdir(parents=True, exist_ok=True)
        (mounted / name).write_text(text)
    assert processors(groups, mounted) == found
