"""The system calls a worker may make: a short table for each architecture, enforced by the kernel.

A worker reads and writes what it has open, asks for memory and the time, and ends. Everything else ends it, but
for calls that ordinary library code makes in passing (opening a file that is not there): those fail with EPERM,
so that harmless code sees an error instead of a dead process.
"""

from __future__ import annotations

import ctypes
import errno
import struct
from dataclasses import dataclass

from sandbox import kernel


@dataclass(frozen=True, slots=True)
class Check:
    """`argument & mask == value`, on 32 bits; `high` says that the upper 32 bits are checked too, which must be 0."""

    argument: int  # from 0
    mask: int
    value: int
    high: bool = False


@dataclass(frozen=True, slots=True)
class Allowed:
    """One call and its number on x86-64 and aarch64. Where a check fails it is refused with EPERM."""

    name: str
    x86_64: int
    aarch64: int
    why: str
    checks: tuple[Check, ...] = ()


ALL = 0xFFFFFFFF
READ_OR_WRITE = 0b11  # PROT_READ, PROT_WRITE
PRIVATE_ANONYMOUS = 0x22  # MAP_PRIVATE, MAP_ANONYMOUS

# Out-of-band data, peeking, descriptors: what flags of the socket calls do is code of the kernel that hostile code has
# left sandboxes by. Without them a channel is a pipe in two directions.
NO_FLAGS = Check(3, ALL, 0)

ALLOWED = (
    Allowed("recvfrom", 45, 207, "jobs come in by the channel", (NO_FLAGS,)),
    Allowed("sendto", 44, 206, "answers go out by it, to nobody else", (NO_FLAGS, Check(4, ALL, 0, high=True))),
    Allowed("write", 1, 64, "the line of a rule that hangs, into the trace's pipe"),
    Allowed("setitimer", 38, 103, "the soft limit: the timer in real time", (Check(0, ALL, 0),)),
    Allowed("clock_gettime", 228, 113, "where the kernel gives no faster way; no other process's clock",
            (Check(0, ~7 & ALL, 0),)),
    Allowed("getrusage", 98, 165, "how much memory it has used; of itself only", (Check(0, ALL, 0),)),
    Allowed("brk", 12, 214, "memory"),
    Allowed("mmap", 9, 222, "memory; none that can be executed, none of a file, none shared",
            (Check(2, ~READ_OR_WRITE & ALL, 0), Check(3, ALL, PRIVATE_ANONYMOUS))),
    Allowed("mprotect", 10, 226, "memory; none that can be executed", (Check(2, ~READ_OR_WRITE & ALL, 0),)),
    Allowed("mremap", 25, 216, "a list that grows; where the kernel likes it", (Check(3, ~1 & ALL, 0),)),
    Allowed("munmap", 11, 215, "memory given back"),
    Allowed("rt_sigaction", 13, 134, "handlers of the soft limit and the trace"),
    Allowed("sigaltstack", 131, 132, "the stack on which the trace is written"),
    Allowed("rt_sigreturn", 15, 139, "the end of a handler"),
    Allowed("futex", 202, 98, "a library's one-time set-up; wait and wake only", (Check(1, ~0x81 & ALL, 0),)),
    Allowed("getrandom", 318, 278, "library code that was given no seed"),
    Allowed("exit_group", 231, 94, "the end"),
)  # fmt: skip

# What library code does in passing; refused with EPERM instead of the end. None: the architecture does not have it.
REFUSED: dict[str, tuple[int | None, int | None]] = {
    # Files: a module or a time zone that is not loaded, the source of a line in a traceback.
    "open": (2, None),
    "openat": (257, 56),
    "stat": (4, None),
    "lstat": (6, None),
    "fstat": (5, 80),
    "newfstatat": (262, 79),
    "statx": (332, 291),
    "access": (21, None),
    "faccessat": (269, 48),
    "faccessat2": (439, 439),
    "readlink": (89, None),
    "readlinkat": (267, 78),
    "getcwd": (79, 17),
    "getdents64": (217, 61),
    "ioctl": (16, 29),
    "fcntl": (72, 25),
    "lseek": (8, 62),
    "read": (0, 63),
    "close": (3, 57),
    "dup": (32, 23),
    "socket": (41, 198),
    # Who and where it is, and its limits.
    "getuid": (102, 174),
    "geteuid": (107, 175),
    "getgid": (104, 176),
    "getegid": (108, 177),
    "setuid": (105, 146),
    "setgid": (106, 144),
    "setresuid": (117, 147),
    "setresgid": (119, 149),
    "uname": (63, 160),
    "sysinfo": (99, 179),
    "getrlimit": (97, 163),
    "prlimit64": (302, 261),
    "prctl": (157, 167),
    # Memory and signals, where doing without is slower at most.
    "madvise": (28, 233),
    "rt_sigprocmask": (14, 135),
    "sched_yield": (24, 124),
    "gettimeofday": (96, 169),
    "time": (201, None),
    "clock_getres": (229, 114),
}
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # as the kernel's audit names them

SECCOMP_MODE_FILTER = 2
KILL_PROCESS, ALLOW, ERRNO = 0x80000000, 0x7FFF0000, 0x00050000
REFUSE = ERRNO | errno.EPERM
# Classic BPF: load a word of `struct seccomp_data`, mask it, compare and jump, return.
LOAD, AND, EQUAL, AT_LEAST, RETURN = 0x20, 0x54, 0x15, 0x35, 0x06
NUMBER, ARCHITECTURE, ARGUMENTS = 0, 4, 16  # offsets; both architectures keep the lower half first
X32 = 0x40000000  # the x86-64 kernel's second table of calls

Instruction = tuple[int, int, int, int]
Filter = ctypes.Array[ctypes.c_char]


class Unsupported(Exception):
    """There is no table for this architecture."""


def program(machine: str) -> list[Instruction]:
    """The filter for an architecture, as classic BPF. Raises `Unsupported`."""
    if machine not in ARCHITECTURES:
        raise Unsupported(f"no table of system calls for `{machine}`")
    first = machine == "x86_64"
    lines: list[Instruction] = [
        (LOAD, 0, 0, ARCHITECTURE),
        (EQUAL, 1, 0, ARCHITECTURES[machine]),
        (RETURN, 0, 0, KILL_PROCESS),
        (LOAD, 0, 0, NUMBER),
        (AT_LEAST, 0, 1, X32),
        (RETURN, 0, 0, KILL_PROCESS),
    ]
    for row in ALLOWED:
        body = _checked(row.checks)
        lines += [(EQUAL, 0, len(body), row.x86_64 if first else row.aarch64), *body]
    for numbers in REFUSED.values():
        number = numbers[0 if first else 1]
        if number is not None:
            lines += [(EQUAL, 0, 1, number), (RETURN, 0, 0, REFUSE)]
    lines.append((RETURN, 0, 0, KILL_PROCESS))
    return lines


def _checked(checks: tuple[Check, ...]) -> list[Instruction]:
    """Allow where all checks hold, refuse otherwise."""
    body: list[Instruction] = []
    for check in checks:
        offset = ARGUMENTS + 8 * check.argument
        body += [(LOAD, 0, 0, offset), (AND, 0, 0, check.mask), (EQUAL, 1, 0, check.value), (RETURN, 0, 0, REFUSE)]
        if check.high:
            body += [(LOAD, 0, 0, offset + 4), (EQUAL, 1, 0, 0), (RETURN, 0, 0, REFUSE)]
    return [*body, (RETURN, 0, 0, ALLOW)]


def load(machine: str) -> Filter:
    """The filter as the kernel reads it; made once in the zygote, so that workers only install it."""
    return packed(program(machine))


def packed(lines: list[Instruction]) -> Filter:
    text = b"".join(struct.pack("HBBI", *line) for line in lines)
    return ctypes.create_string_buffer(text, len(text))


def install(filter: Filter) -> None:
    """Confine this process for good. Needs no_new_privs. Raises `OSError`."""
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(filter) // 8, ctypes.addressof(filter)))
    kernel.prctl(kernel.PR_SET_SECCOMP, SECCOMP_MODE_FILTER, header)
