"""What happened in an execution, event by event, as JSON text that is ready the moment it happens.

The same events stand in an answer and in the shared mapping of a worker that was killed, so there is one way
to read a trace (`read`). An event is one of

    ["write", step, op, pointer, old, new, line]   op: "add", "replace" or "remove"; pointer: RFC 6901
    ["log", step, level, text, line]
    ["deny", step, kind, text]                     noted at once: a rule that then hangs has still denied
    ["refuse", step, pointer, reason, line]        a value that is not JSON, taken out again
    ["end", step, outcome, microseconds, error]    error: an `Error`, or null

What of it counts against a rule is in `sandbox.limits`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, NoReturn

import msgspec

from sandbox.limits import Limits
from sandbox.progress import Progress
from sandbox.wire import DenialKind

Op = Literal["add", "replace", "remove"]
StepOutcome = Literal["passed", "denied", "raised", "timed_out", "exhausted", "refused"]
Path = tuple[Any, ...]


# What an error shows at most: the worker keeps to it, and a journal that does not is none.
MOST_MICROSECONDS = 10**12  # some days: what an end says is added up
MOST_FRAMES = 20
MOST_VALUES = 10  # of one frame
MOST_SHOWN = 120  # characters of one value
MOST_SOURCE = 200  # characters of a line
MOST_NAME = 100  # characters of a function or variable
MOST_CAUSES = 3
MOST_FRAMES_OF_CAUSE = 5
MOST_MESSAGE = 2_000  # characters: `Limits.text`, with the exception's name and advice around it

Line = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]  # 0: not known
Column = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
Name = Annotated[str, msgspec.Meta(max_length=MOST_NAME)]
Message = Annotated[str, msgspec.Meta(max_length=MOST_MESSAGE)]
Shown = Annotated[str, msgspec.Meta(max_length=MOST_SHOWN)]


class Frame(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One of the rule's own calls. Columns count characters from 1, `end_column` is the first one behind the
    expression that failed; None where Python does not know it."""

    line: Line
    function: Name
    source: Annotated[str, msgspec.Meta(max_length=MOST_SOURCE)] | None = None
    values: Annotated[dict[Name, Shown], msgspec.Meta(max_length=MOST_VALUES)] = {}
    column: Column | None = None
    end_column: Column | None = None


class Cause(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The exception that was handled, or named by `from`, when the one after it was raised."""

    message: Message
    line: Line | None = None
    frames: Annotated[list[Frame], msgspec.Meta(max_length=MOST_FRAMES_OF_CAUSE)] = []


class Error(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why a step failed, for the rule's author: `frames` outermost first, `causes` nearest first."""

    code: Name
    message: Message
    line: Line | None = None
    frames: Annotated[list[Frame], msgspec.Meta(max_length=MOST_FRAMES)] = []
    causes: Annotated[list[Cause], msgspec.Meta(max_length=MOST_CAUSES)] = []

    def bare(self) -> Error:
        """The same without sources, values and causes."""
        frames = [Frame(line=frame.line, function=frame.function) for frame in self.frames]
        return msgspec.structs.replace(self, frames=frames, causes=[])


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
    microseconds: Annotated[int, msgspec.Meta(ge=0, le=MOST_MICROSECONDS)]
    error: Error | None


Event = Write | Log | Deny | Refuse | End
_decoder = msgspec.json.Decoder(list[Event])
_encoder = msgspec.json.Encoder(enc_hook=lambda value: f"<{type(value).__name__}>")


def read(text: bytes | msgspec.Raw) -> list[Event]:
    """The events of a journal. Raises `msgspec.DecodeError` for text that no honest worker writes."""
    return _decoder.decode(text)


def pointer(path: Sequence[Any]) -> str:
    """A path as a JSON Pointer (RFC 6901, section 3)."""
    return "".join(map(token, path))


def parts_of(pointer: str) -> tuple[str, ...]:
    """The parts of a JSON Pointer (RFC 6901, section 4)."""
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])


def token(part: Any) -> str:
    """One part of a JSON Pointer, with its slash."""
    if type(part) is str:
        return "/" + (part.replace("~", "~0").replace("/", "~1") if "/" in part or "~" in part else part)
    if type(part) in (int, float, bool, type(None)):
        return f"/{part}"
    return f"/<{type(part).__name__}>"


class BudgetExceeded(BaseException):
    """A rule used up one of its budgets; `code` says which. Like the time limit, no rule can catch it.

    `line` is where, for what is found only when the rule has ended; else 0, and the traceback says it.
    """

    def __init__(self, code: str, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.code = code
        self.line = line


class Journal:
    """Collects the events of one execution, in the worker."""

    def __init__(self, limits: Limits, progress: Progress) -> None:
        self.limits = limits
        self._progress = progress
        self._events: list[bytes] = []
        self._first = 0  # event of the step
        self._mark = 0  # where it begins in the shared mapping
        self._size = self._size_before = 0
        self._writes = self._writes_before = 0
        self.grown = 0  # bytes: by no more have the data grown, as long as what was written is plain
        self._extra = 0
        self._lines = self._line_bytes = 0  # of the step
        self._dropping = False
        self.calm = True  # no rule has denied or failed, and nothing was refused
        # What a finaliser exceeds, the interpreter discards: it is asked for when the rule has ended.
        self.exceeded: BudgetExceeded | None = None
        self._encode = _encoder.encode

    def begin(self) -> None:
        """A new step: nothing of an earlier one counts against it but what it has written."""
        self.exceeded = None
        self._first, self._mark = len(self._events), self._progress.mark()
        self._size_before, self._writes_before = self._size, self._writes
        self._lines, self._line_bytes, self._dropping = 0, 0, False

    def write(self, step: int, op: Op, where: str, old: Any, new: Any, line: int) -> None:
        """Keep a change at the JSON Pointer `where`. Ends the rule that makes too many, or too large ones."""
        self._writes += 1
        if self._writes > self.limits.writes:
            self.exceed("too_many_writes", f"more than {self.limits.writes} writes in one execution")
        try:
            event = self._encode(("write", step, op, where, old, new, line))
        except (TypeError, ValueError, RecursionError, OverflowError):
            event = b""  # one of the parts is not JSON: each is looked at by itself
        self.grown += len(event)
        if not 0 < len(event) <= self.limits.write_value:
            shown, before, after = self._shown(where), self._measured(old), self._measured(new)
            event = b'["write",%d,"%s",%s,%s,%s,%d]' % (step, op.encode(), shown, before, after, line)
        if self._size + len(event) > self.limits.journal:
            self.exceed("trace_too_large", f"the trace of one execution has more than {self.limits.journal} bytes")
        self._size += len(event)
        self._events.append(event)
        self._progress.append(event)

    @property
    def count(self) -> int:
        """How many writes there were so far."""
        return self._writes

    def last_line(self, step: int, path: Path) -> int:
        """Where `step` wrote last to `path` or below it; 0 where it did not."""
        above = pointer(path)
        for event in reversed(_decoder.decode(self.text())):
            if isinstance(event, Write) and event.step == step and f"{event.path}/".startswith(above + "/"):
                return event.line
        return 0

    def log(self, step: int, level: str, text: str, line: int) -> None:
        """Keep one line; beyond a limit one last line says that the rest is dropped."""
        if self._dropping:
            return
        limits = self.limits
        self._lines += 1
        if len(text) > limits.log_line:
            text = text[: limits.log_line] + f"... ({len(text)} characters)"
        event = b'["log",%d,"%s",%s,%d]' % (step, level.encode(), self._shown(text), line)
        self._line_bytes += len(event)
        if self._lines > limits.log_lines_per_rule:
            why = f"more than {limits.log_lines_per_rule} lines"
        elif self._line_bytes > limits.log_bytes_per_rule:
            why = f"more than {limits.log_bytes_per_rule} bytes of lines"
        elif self._size + len(event) > limits.journal:
            why = "the trace is full"
        else:
            self._size += len(event)
            self._add(event)
            return
        self._dropping = True
        self._note(step, f"{why}: the rest is dropped", line)

    def deny(self, step: int, kind: DenialKind, text: str) -> None:
        self.calm = False
        self._add(b'["deny",%d,"%s",%s]' % (step, kind.encode(), self._shown(text)), decides=True)

    def refuse(self, step: int, path: Path, reason: str, line: int) -> None:
        self.calm = False
        self._add(b'["refuse",%d,%s,%s,%d]' % (step, self._shown(pointer(path)), self._shown(reason), line))

    def end(self, step: int, outcome: StepOutcome, microseconds: int, error: Error | None) -> None:
        self.calm &= outcome == "passed"
        body = self._encode(error) if error else b"null"
        if error and (len(body) > self.limits.error or not self._has_extra(len(body))):
            body = self._encode(error.bare())
        self._add(b'["end",%d,"%s",%d,%s]' % (step, outcome.encode(), microseconds, body))

    def give_back(self, step: int) -> None:
        """A rule that was rolled back leaves its budgets to those after it, and no more than a part of its trace."""
        events = self._events[self._first :]
        del self._events[self._first :]
        self._progress.rewind(self._mark)
        self._size, self._writes = self._size_before, self._writes_before
        size = kept = 0
        for event in events[: self.limits.skipped_events]:
            size += len(event)
            if size > self.limits.skipped_bytes or not self._has_extra(len(event)):
                break
            self._add(event)
            kept += 1
        if dropped := len(events) - kept:
            self._note(step, f"{dropped} more writes and lines of this rule are not kept: it was skipped", 0)

    def exceed(self, code: str, message: str, line: int = 0) -> NoReturn:
        """End the rule for a budget, for good. The first one is what its author is told."""
        # In no variable: an exception that its own frame holds would stay, and a rule may come here again and again.
        if self.exceeded is None:
            self.exceeded = BudgetExceeded(code, message, line)
            raise self.exceeded
        raise BudgetExceeded(code, message, line)

    def text(self) -> bytes:
        return b"[" + b",".join(self._events) + b"]"

    def _note(self, step: int, text: str, line: int) -> None:
        """A line of ours, for which there is always room."""
        self._add(b'["log",%d,"warning",%s,%d]' % (step, self._shown(text), line))

    def _has_extra(self, size: int) -> bool:
        """Take `size` bytes of what all rules may leave beside writes and lines, where so much is left."""
        if self._extra + size > self.limits.extra:
            return False
        self._extra += size
        return True

    def _add(self, event: bytes, *, decides: bool = False) -> None:
        self._events.append(event)
        self._progress.append(event, decides=decides)

    def _measured(self, value: Any) -> bytes:
        """A value as the trace shows it: what is long is only measured."""
        if type(value) is str and len(value) > self.limits.write_value:
            return b'{"$truncated":%d}' % len(value)
        text = self._shown(value)
        return text if len(text) <= self.limits.write_value else b'{"$truncated":%d}' % len(text)

    def _shown(self, value: Any) -> bytes:
        """A value as JSON; what JSON cannot say is named."""
        try:
            text = self._encode(value)
        except (TypeError, ValueError, RecursionError, OverflowError):
            if type(value) is str:
                return self._encode(value.encode("utf-8", "replace").decode())
            return b'"<%s>"' % type(value).__name__.encode("ascii", "replace")
        return text
