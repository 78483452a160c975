"""Namespaces: what names lead to. In empty ones a process has no name for anything of the machine.

They are entered once, by the zygote, and workers are born into them. Root enters them as it is; an ordinary user
first makes a user namespace, in which it has the capabilities for that, and gives those up afterwards.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from sandbox import kernel

NEWNS, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = 0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REC, MS_PRIVATE = 1, 2, 4, 8, 0x4000, 0x40000
MNT_DETACH = 2
# A folder that is there on every machine, to mount the empty root on; nobody else sees that mount.
MOUNT_POINTS = ("/tmp", "/dev", "/proc", "/usr")  # noqa: S108
CAPABILITY_VERSION_3 = 0x20080522


def unshare(flag: int) -> None:
    """Enter a namespace that is new and empty. Raises `OSError`. (Python has this from 3.12 on only.)"""
    kernel.call("unshare", flag)


def enter(flag: int) -> None:
    """The same, also for an ordinary user. Raises `OSError`."""
    try:
        unshare(flag)
    except PermissionError:
        if os.getuid() == 0:  # it could not become another user any more
            raise
        _own_user_namespace()
        unshare(flag)


def _own_user_namespace() -> None:
    """Have the capabilities for the others, and stay the same user."""
    user, group = os.getuid(), os.getgid()
    unshare(NEWUSER)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


def no_capabilities() -> None:
    """Give up every capability for good. Raises `OSError`."""
    kernel.call("capset", CAPABILITY_VERSION_3.to_bytes(4, "little") + bytes(4), bytes(24))


def empty_root() -> None:
    """Stand in a file tree without a single file, out of which no path leads. Raises `OSError`.

    By a mount of its own where the kernel allows it; in a folder that has been removed where it allows only that.
    """
    try:
        enter(NEWNS)
        _empty_mount()
    except OSError as error:
        try:
            _removed_folder()
        except OSError:
            raise error from None


def _empty_mount() -> None:
    kernel.call("mount", b"none", b"/", None, MS_REC | MS_PRIVATE, None)
    point = next(folder for folder in MOUNT_POINTS if Path(folder).is_dir())
    flags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC
    kernel.call("mount", b"none", os.fsencode(point), b"tmpfs", flags, b"size=4k,nr_inodes=2,mode=555")
    os.chdir(point)
    # Put the old root over the new one and take it away: no second folder is needed.
    kernel.call("pivot_root", b".", b".")
    kernel.call("umount2", b".", MNT_DETACH)
    os.chdir("/")


def _removed_folder() -> None:
    parent = os.open("/tmp", os.O_PATH | os.O_DIRECTORY)  # noqa: S108
    name = f"claimsmith-{os.getpid()}-{os.urandom(8).hex()}"
    try:
        os.mkdir(name, 0o500, dir_fd=parent)
        try:
            os.chroot(f"/tmp/{name}")  # noqa: S108
            os.chdir("/")
        finally:
            with contextlib.suppress(OSError):
                os.rmdir(name, dir_fd=parent)
    finally:
        os.close(parent)
