"""The system calls a worker may make: a short table for each architecture, enforced by the kernel.

A worker reads and writes what it has open, asks for memory and the time, and ends. Everything else ends it, but
for calls that ordinary library code makes in passing (opening a file that is not there): those fail with EPERM,
so that harmless code sees an error instead of a dead process.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct

# x86-64, aarch64. None: the architecture does not have it.
ALLOWED: dict[str, tuple[int | None, int | None]] = {
    "read": (0, 63),
    "write": (1, 64),
    "recvfrom": (45, 207),
    "sendto": (44, 206),
    "recvmsg": (47, 212),
    "sendmsg": (46, 211),
    "close": (3, 57),
    "poll": (7, None),
    "ppoll": (271, 73),
    "lseek": (8, 62),
    "brk": (12, 214),
    "munmap": (11, 215),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "futex": (202, 98),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132),
    "restart_syscall": (219, 128),
    "setitimer": (38, 103),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "gettimeofday": (96, 169),
    "time": (201, None),
    "getrandom": (318, 278),
    "getrusage": (98, 165),
    "getpid": (39, 172),
    "getppid": (110, 173),
    "getpgid": (121, 155),
    "getsid": (124, 156),
    "getresuid": (118, 148),
    "getresgid": (120, 150),
    "getgroups": (115, 158),
    "fstat": (5, 80),
    "gettid": (186, 178),
    "sched_yield": (24, 124),
    "exit": (60, 93),
    "exit_group": (231, 94),
}
# Allowed unless they ask for memory that can be executed (third argument, PROT_EXEC).
NOT_EXECUTABLE: dict[str, tuple[int, int]] = {"mmap": (9, 222), "mprotect": (10, 226)}
# Allowed to read a limit, not to set one (the third argument is where the new one stands).
READ_ONLY: dict[str, tuple[int, int]] = {"prlimit64": (302, 261)}
# What library code does in passing; refused with EPERM instead of the end.
REFUSED: dict[str, tuple[int | None, int | None]] = {
    "open": (2, None),
    "openat": (257, 56),
    "stat": (4, None),
    "lstat": (6, None),
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
    "getuid": (102, 174),
    "geteuid": (107, 175),
    "getgid": (104, 176),
    "getegid": (108, 177),
    "uname": (63, 160),
    "sysinfo": (99, 179),
    "getrlimit": (97, 163),
    "socket": (41, 198),
    "dup": (32, 23),
    "prctl": (157, 167),
    "setuid": (105, 146),
    "setgid": (106, 144),
    "setresuid": (117, 147),
    "setresgid": (119, 149),
}
ARCHITECTURES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}

PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2
KILL_PROCESS, ALLOW, ERRNO = 0x80000000, 0x7FFF0000, 0x00050000
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
# Offsets in `struct seccomp_data`: number, architecture, low half of the third argument.
NUMBER, ARCHITECTURE, THIRD = 0, 4, 32
PROT_EXEC = 4
X32 = 0x40000000  # the x86-64 kernel's second table of calls

Instruction = tuple[int, int, int, int]


class Unsupported(Exception):
    """There is no table for this architecture."""


def program(machine: str) -> list[Instruction]:
    """The filter for an architecture, as classic BPF. Raises `Unsupported`."""
    if machine not in ARCHITECTURES:
        raise Unsupported(f"no table of system calls for `{machine}`")
    audit, column = ARCHITECTURES[machine]
    allowed = [row[column] for row in ALLOWED.values()]
    refused = [row[column] for row in REFUSED.values()]
    lines: list[Instruction] = [
        (LOAD, 0, 0, ARCHITECTURE),
        (EQUAL, 1, 0, audit),
        (RETURN, 0, 0, KILL_PROCESS),
        (LOAD, 0, 0, NUMBER),
        (AT_LEAST, 0, 1, X32),
        (RETURN, 0, 0, KILL_PROCESS),
    ]
    for number in allowed:
        if number is not None:
            lines += [(EQUAL, 0, 1, number), (RETURN, 0, 0, ALLOW)]
    for row in NOT_EXECUTABLE.values():
        lines += [
            (EQUAL, 0, 4, row[column]),
            (LOAD, 0, 0, THIRD),
            (ANY_BIT, 0, 1, PROT_EXEC),
            (RETURN, 0, 0, ERRNO | errno.EPERM),
            (RETURN, 0, 0, ALLOW),
        ]
    for row in READ_ONLY.values():
        lines += [
            (EQUAL, 0, 6, row[column]),
            (LOAD, 0, 0, THIRD),
            (EQUAL, 0, 3, 0),
            (LOAD, 0, 0, THIRD + 4),
            (EQUAL, 0, 1, 0),
            (RETURN, 0, 0, ALLOW),
            (RETURN, 0, 0, ERRNO | errno.EPERM),
        ]
    for number in refused:
        if number is not None:
            lines += [(EQUAL, 0, 1, number), (RETURN, 0, 0, ERRNO | errno.EPERM)]
    lines.append((RETURN, 0, 0, KILL_PROCESS))
    return lines


def load(machine: str) -> ctypes.Array[ctypes.c_char]:
    """The filter as the kernel reads it; made once in the zygote, so that workers only install it."""
    return ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in program(machine)))


def install(filter: ctypes.Array[ctypes.c_char]) -> None:
    """Confine this process for good. Needs no_new_privs. Raises `OSError`."""
    libc = ctypes.CDLL(None, use_errno=True)
    count = (len(filter) - 1) // 8
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxP", count, ctypes.addressof(filter)))
    if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, header, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"seccomp: {os.strerror(number)}")
