"""Single keys of a terminal."""

from __future__ import annotations

import codecs
import os
import select
import signal
import sys
import termios
import tty
from types import TracebackType

END = ""  # of the input
NAMES = {"\n": "enter", "\r": "enter", "\x7f": "backspace", "\b": "backspace", "\x04": END}
SEQUENCES = {"C": "right", "D": "left", "A": "up", "B": "down", "H": "home", "F": "end"}
REST_WITHIN = 0.05  # seconds: a terminal sends a sequence at once, a person presses Escape alone


class Keys:
    """Standard input, key by key and without an echo, until it is left."""

    def __enter__(self) -> Keys:
        self._fd = sys.stdin.fileno()
        self._before = termios.tcgetattr(self._fd)
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._waiting = ""
        # Ctrl-C just before a read begins would be looked at after the next key only: a byte here ends the wait for it.
        self._signalled, self._woken = os.pipe()
        os.set_blocking(self._woken, False)
        self._woken_before = signal.set_wakeup_fd(self._woken, warn_on_full_buffer=False)
        tty.setcbreak(self._fd)
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        termios.tcsetattr(self._fd, termios.TCSADRAIN, self._before)
        signal.set_wakeup_fd(self._woken_before)
        os.close(self._signalled)
        os.close(self._woken)

    def read(self) -> str:
        """A character, or the name of another key: `enter`, `backspace`, `escape`, `left`, `right`, `up`, `down`,
        `home`, `end`, or `other`. `END` where nothing will come any more."""
        char = self._next()
        if char != "\x1b":
            return NAMES.get(char, char)
        if not self._more():
            return "escape"
        start = self._next()
        if start not in ("[", "O"):
            return "other"
        while (char := self._next()) and not "@" <= char <= "~":
            pass
        return SEQUENCES.get(char, "other")

    def _next(self) -> str:
        while not self._waiting:
            while self._fd not in select.select([self._fd, self._signalled], [], [])[0]:
                os.read(self._signalled, 1024)
            content = os.read(self._fd, 1024)
            if not content:
                return END
            self._waiting = self._decode(content)
        char, self._waiting = self._waiting[0], self._waiting[1:]
        return char

    def _more(self) -> bool:
        return bool(self._waiting or select.select([self._fd], [], [], REST_WITHIN)[0])
