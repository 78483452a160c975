"""Lines of the log that anybody can cause: so many a second and no more, so that nobody fills a disk with them."""

from __future__ import annotations

import time
from collections.abc import Callable

A_SECOND = 10.0  # lines, for good
AT_ONCE = 50.0  # after a quiet time


class Sparing:
    """Of this process. `left_out` are the lines that were not written since the last one that was."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._left = AT_ONCE
        self._looked = monotonic()
        self._left_out = 0

    def line(self) -> int | None:
        """How many lines were left out before this one; None where it is left out, too."""
        now = self._monotonic()
        self._left = min(AT_ONCE, self._left + (now - self._looked) * A_SECOND)
        self._looked = now
        if self._left < 1.0:
            self._left_out += 1
            return None
        self._left -= 1.0
        left_out, self._left_out = self._left_out, 0
        return left_out
