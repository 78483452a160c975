"""Runs a program as a container or a unit of systemd would: another user without rights, files that cannot be written,
and a filter of system calls.

    python -m tests.deploy.container docker /writable /installed program ...

The first argument is a row of `FILTERS`, the second a folder that stays writable or `-`, the third a folder that the
other user has to see. Who is not root stays the same user, among files that he may write.
"""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

from sandbox import kernel, namespaces, seccomp
from sandbox.confinement import NOBODY
from sandbox.seccomp import ALLOW, AND, ARGUMENTS, EQUAL, ERRNO, LOAD, NUMBER, RETURN, Instruction
from tests.deploy.documents import unit
from tests.sandbox.another_user import ROOT, show
from tests.sandbox.poorer_kernel import number

PR_CAPBSET_DROP = 24
MS_REMOUNT, MS_BIND = 32, 4096
WRITABLE_BY_ALL = ("/tmp", "/var/tmp", "/dev/shm", "/run/lock")
OF_NAMESPACES = 0x7E020000  # CLONE_NEW*
FLAGS = {
    "cgroup": 0x2000000,
    "ipc": namespaces.NEWIPC,
    "net": namespaces.NEWNET,
    "mnt": namespaces.NEWNS,
    "pid": namespaces.NEWPID,
    "user": namespaces.NEWUSER,
    "uts": namespaces.NEWUTS,
}
FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10}
WRITE, EXECUTE = 2, 4

# What Docker's default profile refuses to a container without rights, of which the service or its sandbox might want
# something; Kubernetes' RuntimeDefault is the same list.
DOCKER = """add_key bpf chroot fanotify_init fsconfig fsmount fsopen fspick io_uring_enter io_uring_register
io_uring_setup kcmp kexec_load keyctl mount mount_setattr move_mount name_to_handle_at open_by_handle_at
open_tree perf_event_open pidfd_getfd pivot_root process_madvise quotactl request_key setdomainname sethostname
setns syslog umount2 unshare userfaultfd""".split()
LANDLOCK = ["landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"]
REFUSE = (RETURN, 0, 0, ERRNO | errno.EPERM)


def refused(name: str, error: int = errno.EPERM) -> list[Instruction]:
    return [(EQUAL, 0, 1, number(name)), (RETURN, 0, 0, ERRNO | error)]


def refused_with(name: str, argument: int, bits: int) -> list[Instruction]:
    """The call, where its argument has any of these bits."""
    at = ARGUMENTS + 8 * argument
    body = [(LOAD, 0, 0, at), (AND, 0, 0, bits), (EQUAL, 1, 0, 0), REFUSE, (LOAD, 0, 0, NUMBER)]
    return [(EQUAL, 0, len(body), number(name)), *body]


def docker() -> list[Instruction]:
    lines = [line for name in DOCKER for line in refused(name)]
    # The C library goes on with `clone`, of which the flags can be seen.
    return [*lines, *refused("clone3", errno.ENOSYS), *refused_with("clone", 0, OF_NAMESPACES), (RETURN, 0, 0, ALLOW)]


def before_landlock() -> list[Instruction]:
    """The same of the years before 2022, which answered what they did not know with EPERM."""
    return [*(line for name in LANDLOCK for line in refused(name)), *docker()]


def systemd() -> list[Instruction]:
    """What the unit says of system calls, namespaces, kinds of sockets, and memory that can be executed."""
    given = sum(FLAGS[name] for name in unit("RestrictNamespaces")[0].split())
    lines = refused("clone3", errno.ENOSYS)
    for name in ("unshare", "clone"):
        lines += refused_with(name, 0, OF_NAMESPACES & ~given)
    families = [FAMILIES[name] for name in unit("RestrictAddressFamilies")[0].split()]
    known = [(EQUAL, len(families) - place, 0, family) for place, family in enumerate(families)]
    body = [(LOAD, 0, 0, ARGUMENTS), *known, (RETURN, 0, 0, ERRNO | errno.EAFNOSUPPORT), (LOAD, 0, 0, NUMBER)]
    lines += [(EQUAL, 0, len(body), number("socket")), *body]
    both = [(LOAD, 0, 0, ARGUMENTS + 16), (AND, 0, 0, WRITE | EXECUTE), (EQUAL, 0, 1, WRITE | EXECUTE), REFUSE]
    lines += [(EQUAL, 0, 5, number("mmap")), *both, (LOAD, 0, 0, NUMBER)]
    lines += [*refused_with("mprotect", 2, EXECUTE), *refused_with("pkey_mprotect", 2, EXECUTE)]
    for name in sorted(allowed()):
        try:
            lines += [(EQUAL, 0, 1, number(name)), (RETURN, 0, 0, ALLOW)]
        except (StopIteration, ValueError):  # of another architecture
            continue
    return [*lines, REFUSE]


def allowed() -> set[str]:
    """The names that the lines of SystemCallFilter leave: the first makes the list, each later one adds or takes."""
    left: set[str] = set()
    for line in unit("SystemCallFilter"):
        names = {name for word in line.removeprefix("~").split() for name in expanded(word)}
        left = left - names if line.startswith("~") else left | names
    return left


def expanded(word: str) -> set[str]:
    """The calls of a set, as the systemd of this machine knows it."""
    if not word.startswith("@"):
        return {word}
    command = ["systemd-analyze", "syscall-filter", "--no-pager", word]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout
    members = [line.strip() for line in shown.splitlines()[1:] if line.strip() and not line.strip().startswith("#")]
    return {name for member in members for name in expanded(member)}


FILTERS = {"docker": docker, "docker before 2022": before_landlock, "systemd": systemd}


def only_readable(writable: str) -> None:
    """Every file of this machine, but those of one folder."""
    namespaces.unshare(namespaces.NEWNS)
    kernel.call("mount", b"none", b"/", None, namespaces.MS_REC | namespaces.MS_PRIVATE, None)
    if writable != "-":
        kernel.call("mount", os.fsencode(writable), os.fsencode(writable), None, MS_BIND, None)
    for point in ("/", *WRITABLE_BY_ALL):
        if os.path.ismount(point):
            kernel.call("mount", b"none", point.encode(), None, MS_REMOUNT | MS_BIND | namespaces.MS_RDONLY, None)


def another_user() -> None:
    """One who has no rights, and can get none by any program."""
    for capability in range(64):
        try:
            kernel.prctl(PR_CAPBSET_DROP, capability)
        except OSError:
            break
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def main() -> None:
    name, writable, installed, *command = sys.argv[1:]
    lines = [(LOAD, 0, 0, NUMBER), *FILTERS[name]()] if name in FILTERS else None
    if os.getuid() == 0:
        shown = [Path(sys.base_prefix), Path(installed), ROOT]
        show([*shown, Path(writable)] if writable != "-" else shown)
        only_readable(writable)
        another_user()
    os.umask(0o077)
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    if lines is not None:
        seccomp.install(seccomp.packed(lines))
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
