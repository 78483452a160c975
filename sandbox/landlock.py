"""Landlock: rulesets without a single rule, so that everything they govern is denied.

Three rulesets, since kernels came to govern files, TCP, and signals one after another: a process takes each that its
kernel knows. What a process has taken it and its children can only add to.
"""

from __future__ import annotations

import ctypes
import errno
import struct
from typing import Literal

from sandbox import kernel

CREATE_RULESET, RESTRICT_SELF = 444, 446  # the same on every architecture
ASK_VERSION = 1
NEEDS = {"files": 1, "tcp": 4, "scope": 6}  # version of the interface
Part = Literal["files", "tcp", "scope"]

# Kinds of access to files, by the version that began to govern them: the first 13 bits, then one more each.
FILES = {1: (1 << 13) - 1, 2: 1 << 13, 3: 1 << 14, 5: 1 << 15}
TCP = 0b11  # bind, connect
SCOPE = 0b11  # abstract Unix sockets, signals


class NotOffered(Exception):
    """The kernel does not have it."""


def version() -> int:
    """What the kernel's Landlock knows; 0 where there is none, or a container's filter hides it."""
    try:
        return kernel.call("syscall", CREATE_RULESET, None, 0, ASK_VERSION)
    except OSError as error:
        if error.errno in (errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM):
            return 0
        raise


def ruleset(part: Part) -> int:
    """A descriptor of the ruleset that denies all of `part`. Raises `NotOffered` and `OSError`."""
    known = version()
    if known == 0:
        raise NotOffered("not given by the kernel: no Landlock")
    if known < NEEDS[part]:
        raise NotOffered(f"not given by the kernel: Landlock {known}, needs {NEEDS[part]}")
    files = sum(bits for since, bits in FILES.items() if since <= known) if part == "files" else 0
    text = struct.pack("QQQ", files, TCP if part == "tcp" else 0, SCOPE if part == "scope" else 0)
    # Kernels that do not know the later fields take the shorter form.
    text = text[: {"files": 8, "tcp": 16, "scope": 24}[part]]
    attribute = ctypes.create_string_buffer(text, len(text))
    return kernel.call("syscall", CREATE_RULESET, attribute, len(text), 0)


def restrict(ruleset: int) -> None:
    """Take it on, for this process and its children, for good. Needs no_new_privs. Raises `OSError`."""
    kernel.call("syscall", RESTRICT_SELF, ruleset, 0)
