"""Single keys from a terminal."""

from __future__ import annotations

import os
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager

LONGEST = 8  # bytes that one key sends


class Keys:
    """Reads from a terminal that gives each key at once."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._before = termios.tcgetattr(descriptor)

    def read(self) -> str:
        """The next key. An end of the input reads as Ctrl-D."""
        return os.read(self._descriptor, LONGEST).decode(errors="replace") or "\x04"

    def ask(self, prompt: str) -> str:
        """A line of text, typed as usual."""
        self.back()
        try:
            sys.stdout.write(prompt)
            sys.stdout.flush()
            return sys.stdin.readline().strip()
        finally:
            self.at_once()

    def at_once(self) -> None:
        tty.setcbreak(self._descriptor, termios.TCSADRAIN)  # what was typed meanwhile counts

    def back(self) -> None:
        """As the terminal was before."""
        termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._before)


@contextmanager
def keys() -> Iterator[Keys]:
    """The keys of standard input; the terminal is as before afterwards."""
    reading = Keys(sys.stdin.fileno())
    reading.at_once()
    try:
        yield reading
    finally:
        reading.back()
