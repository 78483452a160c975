"""What each child of the zygote takes on before it reads its first byte: the layers that cannot be inherited."""

from __future__ import annotations

import errno
import os
import resource
import signal
from collections.abc import Callable, Collection
from dataclasses import dataclass

from sandbox import kernel, landlock, seccomp
from sandbox.layers import ACTIVE


class Unapplied(Exception):
    """Why a layer is missing, where it is not the kernel that refuses."""


@dataclass(frozen=True, kw_only=True)
class Child:
    """What the layers of one child are applied with."""

    parent: int  # the zygote's process id as the child sees it
    kept: Collection[int]  # descriptors
    memory: int  # bytes
    cpu: int  # seconds
    domain: int | None  # Landlock ruleset with which it becomes a domain of its own
    calls: seccomp.Filter | None


def die_with(parent: int) -> None:
    """End with the parent process, also when it is killed. Ends now if it is gone already."""
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


def own_domain(child: Child) -> None:
    """No other worker's memory, though it is a child of the same zygote with the same user."""
    if child.domain is None:
        raise Unapplied("there is no ruleset for it")
    landlock.restrict(child.domain)


def close_all_but(kept: Collection[int]) -> None:
    """Close every descriptor that is not in `kept`; the standard ones lead to /dev/null."""
    os.dup2(1, 2)
    low = 3
    for fd in sorted(kept):
        os.closerange(low, fd)
        low = fd + 1
    os.closerange(low, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def resource_limits(child: Child) -> None:
    """No new files, processes, file contents or core dumps; memory and lifetime CPU capped."""
    for which, wanted in (
        (resource.RLIMIT_AS, child.memory),
        (resource.RLIMIT_CPU, child.cpu),
        (resource.RLIMIT_NOFILE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        most = resource.getrlimit(which)[1]  # where the operator has set less, that holds
        value = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
        resource.setrlimit(which, (value, value))


def system_calls(child: Child) -> None:
    if child.calls is None:
        raise Unapplied("there is no filter for it")
    seccomp.install(child.calls)


# In this order: Landlock while its ruleset is open, and the filter last, since it forbids all the others.
EACH: dict[str, Callable[[Child], None]] = {
    "death_with_parent": lambda child: die_with(child.parent),
    "own_process_group": lambda _: os.setpgid(0, 0),
    "landlock_domain": own_domain,
    "closed_descriptors": lambda child: close_all_but(child.kept),
    "resource_limits": resource_limits,
    "system_calls": system_calls,
}


def try_out(child: Child, inherited: Collection[str]) -> dict[str, str]:
    """Take on every layer, and see that those which can be seen to hold do: the state of each."""
    states = {name: _state(proof) for name, proof in PROOFS.items() if name in inherited}
    for name, apply in EACH.items():
        states[name] = _state(apply, child)
        if name in PROOFS and states[name] == ACTIVE:
            states[name] = _state(PROOFS[name])
    return states


def _state(layer: Callable[..., None], *given: Child) -> str:
    try:
        layer(*given)
    except OSError as error:
        return kernel.reason(error)
    except Unapplied as error:
        return str(error)
    return ACTIVE


def _refuses_to_open(number: int) -> Callable[[], None]:
    def proof() -> None:
        try:
            os.close(os.open("/", os.O_RDONLY))
        except OSError as error:
            if error.errno == number:
                return
        raise Unapplied("the kernel takes it and does not enforce it")

    return proof


PROOFS = {"landlock_files": _refuses_to_open(errno.EACCES), "system_calls": _refuses_to_open(errno.EPERM)}
