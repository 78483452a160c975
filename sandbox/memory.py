"""What a worker knows of its own memory, and what it keeps back for its own work."""

from __future__ import annotations

import mmap
import resource

RESERVE = 4 * 1024 * 1024


class Memory:
    """Its growth is the peak, not the present: what is freed may stay with the process, and the kernel tells no
    more to one that can open no files.

    When a rule has used up all of it, what is kept back is enough to say so and to undo what the rule did.
    """

    def __init__(self) -> None:
        self._at_start = _peak()
        self._kept = bytes(RESERVE)  # address space only: no page of it is ever touched

    def growth(self) -> int:
        """Bytes above what it used when this was made."""
        return _peak() - self._at_start

    def give_way(self) -> None:
        """Free what is kept back."""
        self._kept = b""

    def keep_back(self) -> None:
        """Take it again, when there is room."""
        if not self._kept:
            try:
                self._kept = bytes(RESERVE)
            except MemoryError:
                return


def require_room(size: int) -> None:
    """Raises `MemoryError` where so much more cannot be had. No page of it is touched, and none stays taken: the
    allocator of C would clear the memory that it gets back."""
    try:
        mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()
    except OSError:
        raise MemoryError from None


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
