"""What the kernel takes away before a rule's first byte is read, layer by layer.

Each layer is one function. `confine_zygote` and `confine_worker` apply them in order and report what is in
force, so that an operator sees it and nothing is assumed.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import signal
from collections.abc import Callable, Collection

from sandbox import seccomp
from sandbox.limits import Limits

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 1, 4, 38
NOBODY = 65534

_libc = ctypes.CDLL(None, use_errno=True)


class NotConfined(Exception):
    """A layer that is required could not be applied."""


def _prctl(option: int, value: int) -> None:
    if _libc.prctl(option, value, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"prctl({option}): {os.strerror(number)}")


def not_dumpable() -> None:
    """No process of the same user may read this one's memory or environment."""
    _prctl(PR_SET_DUMPABLE, 0)


def no_new_privileges() -> None:
    """No program that is executed from here gains rights."""
    _prctl(PR_SET_NO_NEW_PRIVS, 1)


def die_with(parent: int) -> None:
    """End with the parent process, also when it is killed. Ends now if it is gone already."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


def other_user() -> str:
    """Give up root for good. Without root there is nothing to give up."""
    if os.getuid() != 0:
        return "already an ordinary user"
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    return f"uid {NOBODY}"


def worker_limits(limits: Limits, memory: int) -> None:
    """No new files, processes, file contents or core dumps; memory and lifetime CPU capped."""
    for which, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, limits.worker_cpu),
        (resource.RLIMIT_NOFILE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(which, (value, value))


def close_all_but(kept: Collection[int]) -> None:
    """Close every file descriptor that is not in `kept`; standard ones lead to /dev/null."""
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    low = 3
    for fd in sorted(kept):
        os.closerange(low, fd)
        low = fd + 1
    os.closerange(low, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def confine_zygote(parent: int) -> dict[str, str]:
    """Everything that holds for all workers is applied here once, and inherited. Answers what is in force."""
    layers = {
        "empty_environment": "active" if set(os.environ) <= {"PYTHONHASHSEED", "TZ", "LC_CTYPE"} else "no",
        "own_session": _applied(os.setsid),
        "other_user": other_user(),
        "no_new_privileges": _applied(no_new_privileges),
        "not_dumpable": _applied(not_dumpable),
    }
    # A change of user clears it, so it comes last.
    die_with(parent)
    layers["death_with_parent"] = "active"
    layers["resource_limits"] = "active"
    layers["closed_descriptors"] = "active"
    layers["own_process_group"] = "active"
    layers["system_calls"] = "active"  # `system_calls` below has raised where they are not
    return layers


Filter = ctypes.Array[ctypes.c_char]


def system_calls() -> Filter:
    """The filter of system calls for workers, tried on a process of its own first.

    Raises `NotConfined` where the kernel does not take it, or there is none for this architecture.
    """
    try:
        made = seccomp.load(platform.machine())
    except seccomp.Unsupported as error:
        raise NotConfined(str(error)) from error
    pid = os.fork()
    if pid == 0:
        try:
            seccomp.install(made)
            os._exit(0)
        finally:
            os._exit(1)
    if os.waitpid(pid, 0)[1] != 0:
        raise NotConfined("the kernel does not take the filter of system calls (seccomp)")
    return made


def _applied(layer: Callable[[], object]) -> str:
    try:
        layer()
    except OSError as error:
        raise NotConfined(f"{layer.__name__}: {error}") from error
    return "active"


def confine_worker(limits: Limits, memory: int, zygote: int, kept: Collection[int], calls: Filter) -> None:
    """What holds for one worker, before it reads its first byte."""
    die_with(zygote)
    os.setpgid(0, 0)
    close_all_but(kept)
    worker_limits(limits, memory)
    seccomp.install(calls)
