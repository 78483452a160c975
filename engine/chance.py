"""Random bytes from the kernel, drawn wholesale: asked for at every login, they would cost it more than a rule does."""

from __future__ import annotations

import os

AT_ONCE = 4096


class Chance:
    """Each byte is handed out once. Not for a process that forks."""

    def __init__(self) -> None:
        self._drawn = b""
        self._taken = 0

    def take(self, count: int) -> bytes:
        """`count` bytes, at most `AT_ONCE`, that nobody can guess."""
        end = self._taken + count
        if end > len(self._drawn):
            self._drawn, self._taken, end = os.urandom(AT_ONCE), 0, count
        taken, self._taken = self._drawn[self._taken : end], end
        return taken
