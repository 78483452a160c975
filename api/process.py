"""One of several processes that serve together, started by `api.processes`:

    python -m api.process PARENT NUMBER COUNT LISTENER READY RUNTIME NOTE [RULES [--welcome]]

Its settings are in its environment. A byte on the descriptor READY says that it serves; why it does not is one line on
standard error, and status 2.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from sandbox import kernel


@dataclass(frozen=True)
class Process:
    """Which of how many it is, and the folder where each has a socket of its own. `redis_note` is a word on the Redis
    that they share."""

    number: int
    count: int
    runtime: Path
    redis_note: str

    @property
    def socket(self) -> Path:
        return self.socket_of(self.number)

    @property
    def others(self) -> list[Path]:
        return [self.socket_of(number) for number in range(1, self.count + 1) if number != self.number]

    def socket_of(self, number: int) -> Path:
        return self.runtime / f"{number}.sock"

    def share(self, most: int) -> int:
        """Of what all processes may have together."""
        return max(1, most // self.count)


def end_with(parent: int) -> None:
    """Stop when the parent ends, however it does."""
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        raise SystemExit("the service is gone")


def main(words: list[str]) -> None:
    from api.serve import Listening, NotStarted, run
    from api.settings import BadSetting, Settings
    from engine.keys import BadSecret

    parent, number, count, listener, ready, runtime, note, *more = words
    end_with(int(parent))
    process = Process(int(number), int(count), Path(runtime), note)
    descriptor = int(ready)

    def served() -> None:
        os.write(descriptor, b"1")
        os.close(descriptor)

    own = socket.socket(socket.AF_UNIX)
    process.socket.unlink(missing_ok=True)
    own.bind(str(process.socket))
    try:
        settings = Settings.from_environ(os.environ)
        listening = Listening([socket.socket(fileno=int(listener)), own], process, served)
        run(settings, Path(more[0]) if more and more[0] else None, "--welcome" in more, listening)
    except (BadSetting, BadSecret, NotStarted) as error:
        sys.stderr.write(f"claimsmith: {error}\n")
        raise SystemExit(2) from None


if __name__ == "__main__":
    main(sys.argv[1:])
