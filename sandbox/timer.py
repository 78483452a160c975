"""The soft limit on a rule's time."""

from __future__ import annotations

import signal
import types
from collections.abc import Callable
from typing import TypeVar

from sandbox.recorder import rule_line

AGAIN = 0.005  # seconds: an exception inside a finaliser is discarded by the interpreter

Result = TypeVar("Result")


class TimeLimit(BaseException):
    """Raised inside a rule by its soft limit. A rule can neither name it nor catch it."""


class Timer:
    """Raises `TimeLimit` in whatever runs, and again until it is stopped. `line` is where it rang first."""

    def __init__(self) -> None:
        self._armed = False
        self.rang = False
        self.line = 0
        signal.signal(signal.SIGALRM, self._ring)

    def start(self, seconds: float) -> None:
        self._armed, self.rang, self.line = True, False, 0
        signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN)

    def stop(self) -> None:
        self._armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)

    def within(self, seconds: float, act: Callable[[], Result]) -> Result | None:
        """What `act` returns; None when it does not in this time, or not in the memory or depth that is left."""
        try:
            try:
                self.start(seconds)
                return act()
            finally:
                self.stop()
        except (TimeLimit, MemoryError, RecursionError):
            # It may have rung inside the `finally` above.
            self.stop()
            return None

    def _ring(self, number: int, frame: types.FrameType | None) -> None:
        if self._armed:
            if not self.rang:
                self.rang, self.line = True, rule_line()
            raise TimeLimit
