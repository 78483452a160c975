"""Runs a program on a kernel that gives less, as containers and older machines do.

    python -m tests.sandbox.poorer_kernel unshare=EPERM prctl:22=EINVAL landlock_restrict_self=0 python ...

Each call named fails with that error, or does nothing and says 0; after a colon stands what its first argument has to
be.
"""

from __future__ import annotations

import errno
import os
import platform
import sys
from pathlib import Path

from sandbox import kernel, seccomp
from sandbox.seccomp import ALLOW, ARGUMENTS, EQUAL, ERRNO, LOAD, NUMBER, RETURN, Instruction

CALLS = Path(__file__).parent / "system_calls.txt"


def number(name: str) -> int:
    column = 1 if platform.machine() == "x86_64" else 2
    rows = [line.split() for line in CALLS.read_text().splitlines() if not line.startswith("#")]
    return int(next(row[column] for row in rows if row[0] == name))


def refusing(what: str) -> list[Instruction]:
    call, _, error = what.partition("=")
    name, _, first = call.partition(":")
    body: list[Instruction] = [(RETURN, 0, 0, ERRNO | (0 if error == "0" else getattr(errno, error)))]
    if first:
        body = [(LOAD, 0, 0, ARGUMENTS), (EQUAL, 0, 1, int(first)), *body, (LOAD, 0, 0, NUMBER)]
    return [(EQUAL, 0, len(body), number(name)), *body]


def main() -> None:
    refused = [argument for argument in sys.argv[1:] if "=" in argument]
    lines: list[Instruction] = [(LOAD, 0, 0, NUMBER)]
    for what in refused:
        lines += refusing(what)
    lines.append((RETURN, 0, 0, ALLOW))
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    seccomp.install(seccomp.packed(lines))
    command = sys.argv[1 + len(refused) :]
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
