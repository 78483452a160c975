"""A file that a command makes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from cli.refusal import Refused


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """One that was not there, for its owner alone; gone again where it does not become whole. Raises `Refused`."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise Refused(f"{path}: it is there already: give another name, or remove it") from None
    except (OSError, ValueError) as exc:
        raise Refused(f"{path}: {_reason(exc)}") from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
    except BaseException as exc:
        path.unlink(missing_ok=True)
        if isinstance(exc, OSError):
            raise Refused(f"{path}: {_reason(exc)}") from None
        raise


def _reason(exc: Exception) -> str:
    return (getattr(exc, "strerror", None) or "no path").lower()
