"""What happened in an execution, event by event, as JSON text that is ready the moment it happens.

The same events stand in an answer and in the shared mapping of a worker that was killed, so there is one way
to read a trace (`read`). An event is one of

    ["write", step, op, pointer, old, new, line]   op: "add", "replace" or "remove"; pointer: RFC 6901
    ["log", step, level, text, line]
    ["deny", step, kind, text]                     noted at once: a rule that then hangs has still denied
    ["refuse", step, pointer, reason, line]        a value that is not JSON, taken out again
    ["end", step, outcome, microseconds, error]    error: an `Error`, or null
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NoReturn

import msgspec

from sandbox.limits import Limits
from sandbox.progress import Progress
from sandbox.wire import DenialKind

Op = Literal["add", "replace", "remove"]
StepOutcome = Literal["passed", "denied", "raised", "timed_out", "exhausted", "refused"]
Path = tuple[Any, ...]


class Error(msgspec.Struct, frozen=True, kw_only=True):
    """Why a step failed, for the rule's author: `frames` are the rule's own, outermost first."""

    code: str
    message: str
    line: int | None = None
    frames: list[tuple[int, str]] = []  # line, function


class Write(msgspec.Struct, frozen=True, array_like=True, tag="write"):
    step: int
    op: Op
    path: str
    old: Any
    new: Any
    line: int


class Log(msgspec.Struct, frozen=True, array_like=True, tag="log"):
    step: int
    level: str
    text: str
    line: int


class Deny(msgspec.Struct, frozen=True, array_like=True, tag="deny"):
    step: int
    kind: DenialKind
    text: str


class Refuse(msgspec.Struct, frozen=True, array_like=True, tag="refuse"):
    step: int
    path: str
    reason: str
    line: int


class End(msgspec.Struct, frozen=True, array_like=True, tag="end"):
    step: int
    outcome: StepOutcome
    microseconds: int
    error: Error | None


Event = Write | Log | Deny | Refuse | End
KEPT_OF_SKIPPED = 100
_decoder = msgspec.json.Decoder(list[Event])


def read(text: bytes | msgspec.Raw) -> list[Event]:
    """The events of a journal. Raises `msgspec.DecodeError` for text that no honest worker writes."""
    return _decoder.decode(text)


def pointer(path: Sequence[Any]) -> str:
    """A path as a JSON Pointer (RFC 6901, section 3)."""
    return "".join("/" + _token(part) for part in path)


def _token(part: Any) -> str:
    if type(part) is str:
        return part.replace("~", "~0").replace("/", "~1")
    if type(part) in (int, float, bool, type(None)):
        return str(part)
    return f"<{type(part).__name__}>"


class BudgetExceeded(BaseException):
    """A rule used up one of its budgets; `code` says which. Like the time limit, no rule can catch it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Journal:
    """Collects the events of one execution, in the worker."""

    def __init__(self, limits: Limits, progress: Progress) -> None:
        self._limits = limits
        self._progress = progress
        self._events: list[bytes] = []
        self._owners: list[int] = []  # the step of each event
        self._size = 0
        self._writes = self._writes_before = 0
        # What a finaliser exceeds, the interpreter discards: it is asked for when the rule has ended.
        self.exceeded: BudgetExceeded | None = None
        self._lines: dict[int, int] = {}
        self._encoder = msgspec.json.Encoder(enc_hook=lambda value: f"<{type(value).__name__}>")

    def begin(self, step: int) -> None:
        """A new step: nothing of an earlier one counts against it but what it has written."""
        self.exceeded = None
        self._writes_before = self._writes

    def write(self, step: int, op: Op, path: Path, old: Any, new: Any, line: int) -> None:
        self._writes += 1
        if self._writes > self._limits.writes:
            self.exceed("too_many_writes", f"more than {self._limits.writes} writes in one execution")
        event = b'["write",%d,"%s",%s,%s,%s,%d]' % (
            step,
            op.encode(),
            self._shown(pointer(path)),
            self._measured(old),
            self._measured(new),
            line,
        )
        if self._size + len(event) > self._limits.journal:
            self.exceed("trace_too_large", f"the trace of one execution has more than {self._limits.journal} bytes")
        self._add(step, event)

    def log(self, step: int, level: str, text: str, line: int) -> None:
        """Keep one line; beyond the limit one last line says that more were dropped."""
        count = self._lines[step] = self._lines.get(step, 0) + 1
        most = self._limits.log_lines_per_rule
        if count > most:
            if count > most + 1:
                return
            level, text = "warning", f"more than {most} lines: the rest is dropped"
        if len(text) > self._limits.log_line:
            text = text[: self._limits.log_line] + f"... ({len(text)} characters)"
        event = b'["log",%d,"%s",%s,%d]' % (step, level.encode(), self._shown(text), line)
        if self._size + len(event) > self._limits.journal:
            self.exceed("trace_too_large", f"the trace of one execution has more than {self._limits.journal} bytes")
        self._add(step, event)

    def deny(self, step: int, kind: DenialKind, text: str) -> None:
        self._add(step, b'["deny",%d,"%s",%s]' % (step, kind.encode(), self._shown(text)), decides=True)

    def refuse(self, step: int, path: Path, reason: str, line: int) -> None:
        self._add(step, b'["refuse",%d,%s,%s,%d]' % (step, self._shown(pointer(path)), self._shown(reason), line))

    def end(self, step: int, outcome: StepOutcome, microseconds: int, error: Error | None) -> None:
        body = self._encoder.encode(error) if error else b"null"
        self._add(step, b'["end",%d,"%s",%d,%s]' % (step, outcome.encode(), microseconds, body))

    def give_back(self, step: int) -> None:
        """A rule that was rolled back leaves its budgets to those after it, and no more than a part of its trace."""
        start = next((at for at, owner in enumerate(self._owners) if owner == step), len(self._events))
        dropped = self._events[start + KEPT_OF_SKIPPED :]
        del self._events[start + KEPT_OF_SKIPPED :], self._owners[start + KEPT_OF_SKIPPED :]
        self._writes = self._writes_before
        self._size -= sum(map(len, dropped))
        if dropped:
            text = f"{len(dropped)} more writes and lines of this rule are not kept: it was skipped"
            self._add(step, b'["log",%d,"warning",%s,0]' % (step, self._shown(text)))

    def exceed(self, code: str, message: str) -> NoReturn:
        """End the rule for a budget, for good."""
        self.exceeded = BudgetExceeded(code, message)
        raise self.exceeded

    def text(self) -> bytes:
        return b"[" + b",".join(self._events) + b"]"

    def _add(self, step: int, event: bytes, *, decides: bool = False) -> None:
        self._owners.append(step)
        self._events.append(event)
        self._size += len(event)
        self._progress.append(event, decides=decides)

    def _measured(self, value: Any) -> bytes:
        """A value as the trace shows it: what is long is only measured."""
        if type(value) is str and len(value) > self._limits.write_value:
            return b'{"$truncated":%d}' % len(value)
        text = self._shown(value)
        return text if len(text) <= self._limits.write_value else b'{"$truncated":%d}' % len(text)

    def _shown(self, value: Any) -> bytes:
        """A value as JSON; what JSON cannot say is named."""
        try:
            text = self._encoder.encode(value)
        except (TypeError, ValueError, RecursionError, OverflowError):
            if type(value) is str:
                return self._encoder.encode(value.encode("utf-8", "replace").decode())
            return b'"<%s>"' % type(value).__name__.encode("ascii", "replace")
        return text
