"""What the kernel takes away before a rule's first byte is read, layer by layer.

`layers` names them and says which may be missing. The zygote applies once what its children inherit (`ONCE`); each
child takes on the rest (`sandbox.child`). All of it is tried on a first child, and nothing is assumed: a layer is
`active`, or there is a reason why it is not.
"""

from __future__ import annotations

import os
import platform
import socket
from collections.abc import Callable, Collection

import msgspec

from sandbox import kernel, landlock, namespaces, seccomp
from sandbox.child import EACH, Child, Unapplied, die_with, try_out
from sandbox.layers import ACTIVE, LAYERS
from sandbox.limits import Limits

NOBODY = 65534
ENVIRONMENT = {"PYTHONHASHSEED", "TZ", "LC_CTYPE"}  # the last is Python's own, where no locale is set
FIRST_CHILD = 10.0  # seconds it has to report


def not_dumpable() -> None:
    """No process of the same user may read this one's memory or environment."""
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)


class Confinement:
    """The layers of one zygote and its children, and in which state each is."""

    def __init__(self, service: int) -> None:
        """`service` is the process with which everything here ends."""
        self.service = service
        self.layers = {layer.name: "not applied" for layer in LAYERS}
        self.not_offered: set[str] = set()
        self.init: int | None = None  # first process of the process namespace, without which none can be born there
        self.domain: int | None = None  # Landlock ruleset with which each child becomes a domain of its own
        self.calls: seccomp.Filter | None = None
        self._each: list[Callable[[Child], None]] = []
        self._init_channel: socket.socket | None = None

    def confine_zygote(self, limits: Limits) -> None:
        """Apply what is inherited, then try on a first child what each child takes on."""
        # Children have these as their standard streams: none of them can open any.
        null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        os.dup2(null, 0)
        os.dup2(null, 1)
        os.close(null)
        for name, apply in ONCE.items():
            try:
                apply(self)
            except OSError as error:
                self.layers[name] = kernel.reason(error)
            except landlock.NotOffered as error:
                self.layers[name] = str(error)
                self.not_offered.add(name)
            except (seccomp.Unsupported, Unapplied) as error:
                self.layers[name] = str(error)
            else:
                self.layers[name] = ACTIVE
        self._have_first_child(limits)

    def confine_child(self, limits: Limits, memory: int, parent: int, kept: Collection[int]) -> None:
        """What holds for one child, before it reads its first byte. Raises `OSError` where it does not hold."""
        child = self._child(limits, memory, parent, kept)
        for apply in self._each:
            apply(child)

    @property
    def parent_seen(self) -> int:
        """The zygote's process id as its children see it: from inside a process namespace, none."""
        return 0 if self.layers["process_namespace"] == ACTIVE else os.getpid()

    def _child(self, limits: Limits, memory: int, parent: int, kept: Collection[int]) -> Child:
        return Child(
            parent=parent, kept=kept, memory=memory, cpu=limits.worker_cpu, domain=self.domain, calls=self.calls
        )

    def _have_first_child(self, limits: Limits) -> None:
        """In a process namespace it stays, as the init whose end is the end of all in there."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        active = {name for name, state in self.layers.items() if state == ACTIVE}
        parent = self.parent_seen
        pid = os.fork()
        if pid == 0:
            try:
                ours.close()
                child = self._child(limits, limits.worker_memory, parent, [theirs.fileno()])
                theirs.send(msgspec.json.encode(try_out(child, active)))
                theirs.recv(1)  # until the zygote ends
            finally:
                os._exit(1)
        theirs.close()
        ours.settimeout(FIRST_CHILD)
        try:
            states = msgspec.json.decode(ours.recv(65536), type=dict[str, str])
        except (OSError, msgspec.DecodeError):
            states = dict.fromkeys(EACH, "the first process that took it on has ended")
        self._each = [apply for name, apply in EACH.items() if states[name] == ACTIVE]
        self.layers |= {name: state for name, state in states.items() if name in active or name not in ONCE}
        if "process_namespace" in active:
            self.init, self._init_channel = pid, ours
        else:
            ours.close()
            os.waitpid(pid, 0)


def empty_environment() -> None:
    if left := set(os.environ) - ENVIRONMENT:
        raise Unapplied(f"it holds {', '.join(sorted(left))}")


def ordinary_user() -> None:
    """Give up root for good, and whatever an ordinary user may have been given beside it."""
    try:
        if os.getuid() == 0:
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
    finally:
        namespaces.no_capabilities()


def _landlock(part: landlock.Part) -> Callable[[Confinement], None]:
    def apply(confinement: Confinement) -> None:
        ruleset = landlock.ruleset(part)
        landlock.restrict(ruleset)
        # Any ruleset makes a domain, and a domain keeps out of others' memory; the last one keeps signals in, too.
        if confinement.domain is not None:
            os.close(confinement.domain)
        confinement.domain = ruleset

    return apply


def _domain(confinement: Confinement) -> None:
    if confinement.domain is None:
        raise landlock.NotOffered(confinement.layers["landlock_files"])


def _filter_of_calls(confinement: Confinement) -> None:
    confinement.calls = seccomp.load(platform.machine())


# The order matters: namespaces take capabilities, which the change of user gives up; that change clears what is to
# happen at the parent's death; Landlock and the filter need no_new_privileges, and Landlock lets nobody mount.
ONCE: dict[str, Callable[[Confinement], None]] = {
    "network_namespace": lambda _: namespaces.enter(namespaces.NEWNET),
    "ipc_namespace": lambda _: namespaces.enter(namespaces.NEWIPC),
    "uts_namespace": lambda _: namespaces.enter(namespaces.NEWUTS),
    "process_namespace": lambda _: namespaces.enter(namespaces.NEWPID),
    "empty_root": lambda _: namespaces.empty_root(),
    "empty_environment": lambda _: empty_environment(),
    "ordinary_user": lambda _: ordinary_user(),
    "no_new_privileges": lambda _: kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1),
    "not_dumpable": lambda _: not_dumpable(),
    "death_with_parent": lambda confinement: die_with(confinement.service),
    "own_process_group": lambda _: os.setsid(),
    "landlock_files": _landlock("files"),
    "landlock_tcp": _landlock("tcp"),
    "landlock_scope": _landlock("scope"),
    "landlock_domain": _domain,
    "system_calls": _filter_of_calls,
}
