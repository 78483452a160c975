"""The sandbox as another user, and on kernels that give less: what is in force there, or why nothing runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from sandbox.confinement import NOBODY
from sandbox.layers import LAYERS
from sandbox.process import LOW
from tests.sandbox.another_user import ROOT
from tests.sandbox.leaving_off import LANDLOCK, NAMESPACES

IS_ROOT = os.getuid() == 0
# The suite's own user is the one kind, this is the other.
ORDINARY = ["tests.sandbox.another_user", "nobody"] if IS_ROOT else ["tests.sandbox.poorer_kernel"]
POWERLESS = ["tests.sandbox.another_user", "powerless-root"]


def poorer(*refused: str) -> list[str]:
    return ["tests.sandbox.poorer_kernel", *refused]


def given(*without: str, why: str) -> dict[str, str]:
    return dict.fromkeys(without, f"not given by the kernel: {why}")


# Where it runs, what is accepted as missing, and what is missing there; None stands for any reason at all.
RUNS: dict[str, tuple[list[str], list[str], dict[str, str]]] = {
    "here": (poorer(), [], {}),
    "an ordinary user": (ORDINARY, [], {}),
    "a container: no namespaces": (
        poorer("unshare=EPERM"),
        [],
        given(*(name for name in NAMESPACES if name != "empty_root" or not IS_ROOT), why="EPERM"),
    ),
    "a container without root's rights": (
        poorer("unshare=EPERM", "chroot=EPERM", "mount=EPERM"),
        [],
        given(*NAMESPACES, why="EPERM"),
    ),
    "mounts are refused": (poorer("mount=EACCES"), [], {}),
    "a kernel before Landlock": (
        poorer("landlock_create_ruleset=ENOSYS"),
        [],
        given(*LANDLOCK, why="no Landlock"),
    ),
    "Landlock is not switched on": (
        poorer("landlock_create_ruleset=EOPNOTSUPP"),
        [],
        given(*LANDLOCK, why="no Landlock"),
    ),
    "an old container runtime": (
        poorer("landlock_create_ruleset=EPERM", "unshare=EPERM", "chroot=EPERM"),
        [],
        given(*LANDLOCK, why="no Landlock") | given(*NAMESPACES, why="EPERM"),
    ),
    "no filter, which is accepted": (
        poorer("prctl:22=EINVAL"),
        ["system_calls"],
        given("system_calls", why="EINVAL"),
    ),
    "Landlock fails, which is accepted": (
        poorer("landlock_restrict_self=ENOMEM"),
        ["landlock_files"],
        given("landlock_files", "landlock_tcp", "landlock_scope", why="ENOMEM")
        | {"landlock_domain": "not given by the kernel: ENOMEM"},
    ),
    "root in name only, which is accepted": (POWERLESS, ["ordinary_user"], given("ordinary_user", why="EPERM")),
}
REFUSED: dict[str, tuple[list[str], list[str], str]] = {
    "no filter": (poorer("prctl:22=EINVAL"), [], "`system_calls` (not given by the kernel: EINVAL)"),
    "no filter, and another layer is accepted": (
        poorer("prctl:22=EINVAL"),
        ["ordinary_user", "landlock_files"],
        "`system_calls` (not given by the kernel: EINVAL)",
    ),
    "a filter that nobody enforces": (
        poorer("prctl:22=0"),
        [],
        "`system_calls` (the kernel takes it and does not enforce it)",
    ),
    "Landlock that nobody enforces": (
        poorer("landlock_restrict_self=0", "unshare=EPERM", "chroot=EPERM"),
        [],
        "`landlock_files` (the kernel takes it and does not enforce it)",
    ),
    "Landlock is there and fails": (
        poorer("landlock_restrict_self=ENOMEM"),
        [],
        "`landlock_files` (not given by the kernel: ENOMEM)",
    ),
    "no_new_privileges is refused": (
        poorer("prctl:38=EINVAL"),
        ["system_calls", "landlock_files"],
        "`no_new_privileges` (not given by the kernel: EINVAL)",
    ),
    "root in name only": (POWERLESS, [], "`ordinary_user` (not given by the kernel: EPERM)"),
}
if IS_ROOT:
    REFUSED["root that cannot change its user"] = (
        poorer("setresuid=EPERM"),
        [],
        "`ordinary_user` (not given by the kernel: EPERM)",
    )


def lone_pool(where: list[str], accepted: list[str]) -> dict[str, Any]:
    command = [sys.executable, "-m", *where, sys.executable, "-m", "tests.sandbox.lone_pool", *accepted]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    result: dict[str, Any] = json.loads(ended.stdout)
    return result


@pytest.mark.parametrize("case", RUNS)
def test_where_rules_run(case: str) -> None:
    where, accepted, missing = RUNS[case]
    here = lone_pool(poorer(), [])["layers"]  # a machine that gives less to begin with does so in each case
    found = lone_pool(where, accepted)
    expected = {layer.name: "active" for layer in LAYERS} | {
        name: state for name, state in here.items() if state != "active"
    }
    assert found["layers"] == expected | missing
    assert found["claims"] == {"name": "ada@example.com"}
    assert set(found["niceness"]) == {0, LOW}
    assert "found" not in found["attack"] or "system_calls" in missing
    worker = found["worker"]
    assert {int(worker["CapEff"], 16), int(worker["CapPrm"], 16)} == {0}
    if "ordinary_user" not in missing:
        assert worker["Uid"].split() == [str(NOBODY if IS_ROOT else os.getuid())] * 4
    processes = 2 if found["layers"]["process_namespace"] == "active" else 1
    assert len(worker["NSpid"].split()) == processes


def test_another_user_is_one() -> None:
    assert lone_pool(ORDINARY, [])["service"] == (NOBODY if IS_ROOT else os.getuid()) != 0


@pytest.mark.parametrize("case", REFUSED)
def test_where_none_runs(case: str) -> None:
    where, accepted, missing = REFUSED[case]
    assert lone_pool(where, accepted) == {"unconfined": f"rules cannot be confined here, for want of {missing}"}
