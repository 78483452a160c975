"""The layers of confinement: one table, with what each takes away from rules, and what happens where it is missing.

The service reads it to say what is missing; `confinement` applies it, and answers for each layer `active` or the
reason why it is not.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

ACTIVE = "active"


@dataclass(frozen=True, slots=True)
class Layer:
    """`required`: without it no rule runs, unless the operator names it. `offered`: the same, where the kernel has
    it at all; where it has not, rules run and the service counts as degraded. `bonus`: reported only."""

    name: str
    grade: Literal["required", "offered", "bonus"]
    takes_away: str


LAYERS = (
    # Namespaces are a bonus: most containers refuse them, and all they close is closed by another layer too.
    Layer("network_namespace", "bonus", "every network, and every abstract socket of the machine"),
    Layer("ipc_namespace", "bonus", "shared memory, semaphores and message queues of others"),
    Layer("uts_namespace", "bonus", "the machine's name"),
    Layer("process_namespace", "bonus", "a name for any process but other workers"),
    Layer("empty_root", "bonus", "the file tree: no path leads anywhere, not even to be looked at"),
    Layer("empty_environment", "required", "the variables of the service, with its secrets"),
    Layer("ordinary_user", "required", "root, its files, and every capability"),
    Layer("no_new_privileges", "required", "programs that give rights to whoever starts them"),
    Layer("not_dumpable", "required", "memory and descriptors, to other processes of the same user"),
    Layer("death_with_parent", "required", "a life beyond the service's"),
    # Landlock is in every kernel from 5.13 on, for root and others, and in containers. Where the kernel offers it, a
    # failure is a fault to be seen; where it does not, the filter of system calls has been enough on its own for
    # all that Landlock closes, and refusing would shut out whole distributions for the second of two locks.
    Layer("landlock_files", "offered", "opening, making and changing files, and starting programs"),
    Layer("landlock_tcp", "bonus", "TCP connections, also from a socket that was handed over"),
    Layer("landlock_scope", "bonus", "signals and abstract sockets to anything outside the worker"),
    Layer("landlock_domain", "bonus", "other workers' memory: each worker is a domain of its own"),
    Layer("own_process_group", "required", "signals by group, from and to other workers and the service"),
    Layer("closed_descriptors", "required", "everything that was open but its own channel and trace"),
    Layer("resource_limits", "required", "new files, processes and file contents; memory and CPU without end"),
    Layer("system_calls", "required", "all but 17 system calls, and of those most arguments"),
)
ESSENTIAL = tuple(layer.name for layer in LAYERS if layer.grade != "bonus")


def missing(states: Mapping[str, str]) -> dict[str, str]:
    """The essential layers that are not in force, each with the reason."""
    return {name: states[name] for name in ESSENTIAL if states[name] != ACTIVE}


def unacceptable(states: Mapping[str, str], not_offered: Collection[str], accepted: Collection[str]) -> dict[str, str]:
    """Of those, the ones for which no rule may run: all but what the operator accepts or the kernel has not."""
    tolerable = {layer.name for layer in LAYERS if layer.grade == "offered" and layer.name in not_offered}
    return {name: why for name, why in missing(states).items() if name not in tolerable and name not in accepted}
