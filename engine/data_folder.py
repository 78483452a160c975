"""One service at a time in a data folder: its database file and its Redis are those of one process."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class FolderInUse(Exception):
    """Another service runs on the folder."""


@contextmanager
def sole_use(folder: Path) -> Iterator[None]:
    """Nobody else is in here meanwhile. Raises `FolderInUse`.

    The kernel holds the lock for this process: it ends with it, however that ends.
    """
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 20).decode(errors="replace").strip()
            raise FolderInUse(f"`{folder}` is in use by another service (process {holder or 'unknown'})") from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)
