"""Runs a program as an ordinary user, or as one who is root in name only.

    python -m tests.sandbox.another_user nobody python ...
    python -m tests.sandbox.another_user powerless-root python ...

`nobody` needs root. Where the interpreter or this folder lies behind one that is closed to others (root's home), it
is shown to that user in a mount namespace of its own; nothing of the machine is changed. `powerless-root` has the
user id 0 in a user namespace where no other exists, as `unshare -r` gives to anybody.
"""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from sandbox import kernel, namespaces
from sandbox.confinement import NOBODY

ROOT = Path(__file__).resolve().parents[2]
MS_BIND = 4096


def closed(path: Path) -> Path | None:
    """The first folder on the way that others may not enter."""
    for folder in reversed([path, *path.parents]):
        if not folder.stat().st_mode & stat.S_IXOTH:
            return folder
    return None


def show(paths: list[Path]) -> None:
    """Make the paths reachable for everybody, for this process and its children."""
    hidden: dict[Path, list[Path]] = {}
    for path in paths:
        if (folder := closed(path)) is not None:
            hidden.setdefault(folder, []).append(path)
    if not hidden:
        return
    namespaces.unshare(namespaces.NEWNS)
    kernel.call("mount", b"none", b"/", None, namespaces.MS_REC | namespaces.MS_PRIVATE, None)
    for folder, inside in hidden.items():
        kept = {path: os.open(path, os.O_PATH) for path in inside if path != folder}
        kernel.call("mount", b"none", os.fsencode(folder), b"tmpfs", 0, b"mode=755")
        for path, fd in kept.items():
            path.mkdir(parents=True, exist_ok=True)
            kernel.call("mount", f"/proc/self/fd/{fd}".encode(), os.fsencode(path), None, MS_BIND, None)
            os.close(fd)


def be_nobody() -> None:
    show([Path(sys.base_prefix), Path(sys.prefix), ROOT])
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def be_powerless_root() -> None:
    user, group = os.geteuid(), os.getegid()
    namespaces.unshare(namespaces.NEWUSER)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"0 {user} 1")
    Path("/proc/self/gid_map").write_text(f"0 {group} 1")


def main() -> None:
    {"nobody": be_nobody, "powerless-root": be_powerless_root}[sys.argv[1]]()
    os.execvp(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()
