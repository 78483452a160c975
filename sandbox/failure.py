"""How a rule has failed: from what ended it to what its author is told.

`of` may run a rule's code (the `__str__` of its exceptions), so it belongs into the rule's time. `Failure.error` does
not: it reads frames, and shows values by their exact type.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from sandbox.frames import in_module, own_calls, shown_frames
from sandbox.journal import (
    MOST_CAUSES,
    MOST_FRAMES,
    MOST_FRAMES_OF_CAUSE,
    MOST_MESSAGE,
    MOST_NAME,
    BudgetExceeded,
    Cause,
    Error,
    Frame,
    StepOutcome,
)
from sandbox.limits import Limits
from sandbox.program import Program
from sandbox.reasons import reason

NO_MEMORY = "the rule used up its memory"


class CallbackError(Exception):
    """A callback used in a way that has no meaning; `code` says which."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Failure(NamedTuple):
    """`exception` is None where there is none any more; `line` is then the best that is known, or 0."""

    outcome: StepOutcome
    code: str
    message: str
    exception: BaseException | None = None
    line: int = 0
    causes: tuple[tuple[str, BaseException], ...] = ()

    def error(self, program: Program) -> Error:
        """With frames, values, causes and advice. Takes a bounded time and runs no code of the rule."""
        lines = program.lines()
        frames = shown_frames(self.exception, program, lines, MOST_FRAMES)
        module = None if self.exception is None else in_module(self.exception)
        advice = reason(self.exception, lines) if self.code == "rule_raised" and module is None else None
        message = f"{self.message}: {advice}" if advice else self.message
        if module is not None:
            message = f"{message} (line {module[1]} of module `{module[0]}`)"
        causes = []
        for text, exception in self.causes:
            own = shown_frames(exception, program, lines, MOST_FRAMES_OF_CAUSE)
            causes.append(Cause(message=text, line=own[-1].line or None if own else None, frames=own))
        return self._error(message, frames, causes)

    def bare(self) -> Error:
        """With lines only: for when there is neither time nor memory to say more."""
        line = self.line
        if not line and self.exception is not None:
            calls = own_calls(self.exception, 1)
            line = (calls[-1].tb_lineno or 0) if calls else 0
        return self._error(self.message, [Frame(line=line, function="")] if line else [], [])

    def _error(self, message: str, frames: list[Frame], causes: list[Cause]) -> Error:
        if not frames and self.line:
            frames = [Frame(line=self.line, function="")]
        line = self.line or (frames[-1].line if frames else 0)
        return Error(code=self.code, message=message[:MOST_MESSAGE], line=line or None, frames=frames, causes=causes)


def of(error: BaseException, limits: Limits) -> Failure:
    """What ended a rule, whatever it was but the time limit and a denial."""
    if isinstance(error, MemoryError):
        return Failure("exhausted", "rule_memory", NO_MEMORY, error)
    if isinstance(error, RecursionError):
        return Failure("exhausted", "rule_recursion", "the rule nests its calls too deeply", error)
    if isinstance(error, BudgetExceeded):
        return Failure("exhausted", error.code, str(error), error, error.line)
    if isinstance(error, CallbackError):
        return Failure("raised", error.code, str(error), error)
    return Failure("raised", "rule_raised", _named(error, limits), error, 0, _causes(error, limits))


def text_of(error: Any, limits: Limits) -> str:
    """The text of an exception or of what was given to `callback`; calls a rule's own `__str__`, which may raise."""
    try:
        text = repr(error.args[0]) if isinstance(error, KeyError) and len(error.args) == 1 else str(error)
    except Exception:
        text = ""
    return text[: limits.text].encode("utf-8", "replace").decode()


def _named(error: BaseException, limits: Limits) -> str:
    text = text_of(error, limits)
    name = type(error).__name__[:MOST_NAME]
    return f"{name}: {text}" if text else name


def _causes(error: BaseException, limits: Limits) -> tuple[tuple[str, BaseException], ...]:
    """What came before, nearest first; ends at what the rule has not seen: our own exceptions, and the library's."""
    found: list[tuple[str, BaseException]] = []
    seen = {id(error)}
    while len(found) < MOST_CAUSES:
        before = error.__cause__
        if before is None and not error.__suppress_context__:
            before = error.__context__
        if not isinstance(before, Exception) or id(before) in seen:
            break
        if before.__traceback__ is not None and not own_calls(before, 1):
            break
        seen.add(id(before))
        found.append((_named(before, limits), before))
        error = before
    return tuple(found)
