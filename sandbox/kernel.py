"""Calls to the kernel for which Python has no function, by their names in the C library. Each raises `OSError`."""

from __future__ import annotations

import ctypes
import errno
import os

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 1, 4, 22, 38

_libc = ctypes.CDLL(None, use_errno=True)


def call(name: str, *arguments: int | bytes | ctypes.Array[ctypes.c_char] | None) -> int:
    """The C library's function `name`. Whole numbers are passed as long ones."""
    try:
        function = _libc[name]
    except AttributeError:
        raise OSError(errno.ENOSYS, f"{name}: not in this C library") from None
    passed = [ctypes.c_long(argument) if isinstance(argument, int) else argument for argument in arguments]
    result = int(function(*passed))
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result


def prctl(option: int, value: int, pointer: ctypes.Array[ctypes.c_char] | None = None) -> None:
    call("prctl", option, value, pointer if pointer is not None else 0, 0, 0)


def reason(error: OSError) -> str:
    """Why a layer is missing, as operators read it."""
    return f"not given by the kernel: {errno.errorcode.get(error.errno or 0, error.strerror)}"
