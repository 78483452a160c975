"""The soft limit on a rule's time."""

from __future__ import annotations

import math
import signal
import time
import types
from collections.abc import Callable
from typing import TypeVar

from sandbox.recorder import rule_line

AT_ONCE = 0.000_01  # seconds: 0 would stop the kernel's timer
AGAIN = 0.005  # seconds: an exception inside a finaliser is discarded by the interpreter

Result = TypeVar("Result")


class TimeLimit(BaseException):
    """Raised inside a rule by its soft limit. A rule can neither name it nor catch it."""


class Timer:
    """Raises `TimeLimit` in whatever runs, and again until it is stopped. `line` is where it rang first.

    The kernel's timer is not set for each rule: it goes on, and when it rings early it is set to what is left. That
    takes two system calls from every rule, which together cost as much as a guarded write.
    """

    def __init__(self) -> None:
        self._armed = False
        self._deadline = 0.0
        self._rings = math.inf  # when the kernel's rings next, at the latest; never, while it is off
        self.rang = False
        self.line = 0
        signal.signal(signal.SIGALRM, self._ring)

    def start(self, seconds: float) -> None:
        self.rang, self.line = False, 0
        self._deadline = deadline = time.monotonic() + seconds
        self._armed = True  # before the look at the kernel's, which a ring from here on sets anew
        if self._rings > deadline:
            self._set(deadline, seconds)

    def stop(self) -> None:
        self._armed = False

    def pause(self) -> float:
        """Nothing rings until `go_on` with the seconds that were left, which this answers."""
        self._armed = False
        return self._deadline - time.monotonic()

    def go_on(self, left: float) -> None:
        """Where nothing was left, or it has rung already, it rings at once."""
        left = max(left, AT_ONCE)
        self._deadline = deadline = time.monotonic() + left
        self._armed = True
        if self._rings > deadline:
            self._set(deadline, left)

    def off(self) -> None:
        """Stop the kernel's timer too, as it does by itself when it rings and nothing runs."""
        self._rings = math.inf
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

    def _set(self, rings: float, seconds: float) -> None:
        self._rings = rings
        signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN)

    def _ring(self, number: int, frame: types.FrameType | None) -> None:
        if not self._armed:
            self.off()
            return
        left = self._deadline - time.monotonic()
        if left > 0:
            self._set(self._deadline, left)
            return
        if not self.rang:
            self.rang, self.line = True, rule_line()
        raise TimeLimit
