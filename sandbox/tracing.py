"""Traces a rule line by line, inside the worker: the same rule on the same path, watched by Python's trace function.

Runs no code of the rule: values are shown by their exact types (`sandbox.shown`), and paths are followed through plain
dicts and lists only. Keeps nothing alive that the rule lets go of: what is known of a call is held by its frame alone.
"""

from __future__ import annotations

import opcode
import sys
import time
import types
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from sandbox.journal import MOST_NAME, Journal
from sandbox.limits import Limits
from sandbox.paths import MISSING, UNKNOWN, Paths, member, paths_by_line
from sandbox.program import Program
from sandbox.recorder import FILENAME
from sandbox.shown import shown
from sandbox.timeline import MOST_CHANGED

# Calls that are left to the tracer itself, at least. Where fewer are, it leaves the rule alone: an exception of its own
# would be raised in the rule.
ROOM = 60
ENTRY = 150  # bytes of an entry without its values, about
LAST = 100  # bytes kept back for the entry that says that the rest is missing
IN_FUNCTION = 1  # CO_OPTIMIZED: modules and classes return nothing
# Whether a call gives something back is seen by the instruction: when an exception leaves it, Python says `None` too.
GIVING = {opcode.opmap[name] for name in ("RETURN_VALUE", "RETURN_CONST", "YIELD_VALUE") if name in opcode.opmap}
YIELD = opcode.opmap["YIELD_VALUE"]
# There, to read a variable of a closure that a comprehension has too may end the process (python/cpython#128396).
NO_CLOSURES = (3, 13) <= sys.version_info < (3, 13, 3)

Entry = dict[str, Any]


class Tracer:
    """Follows the rules of one execution, one after the other."""

    def __init__(self, limits: Limits, journal: Journal, waited: Callable[[], int]) -> None:
        """`waited`: the nanoseconds that calls of the rules have taken so far, which are not the tracer's."""
        self.journal = journal
        self._waited = waited
        self._limits = limits
        self._entries: list[Entry] = []
        self._size = 0
        self._full = False
        # The rest of the time belongs to the rules, which may go on for as long as they could untraced.
        self._until = time.monotonic() + limits.tracing_time / 2
        self.writes = 0  # in the journal, when last looked at
        self.step = 0
        self.names: frozenset[str] = frozenset()
        self.hidden: tuple[Any, ...] = ()
        self.paths: Paths = {}

    def start(self, step: int, program: Program, hidden: tuple[Any, ...]) -> None:
        """From now on, until `stop`, what this program runs is noted. `hidden` are the objects that are not shown as
        variables: `user` and `context`, whose changes are writes."""
        self.step, self.hidden = step, hidden
        self.names = frozenset(name for names in program.names.values() for name in names)
        self.paths = paths_by_line(program.source)
        self.writes = self.journal.count
        if not self._full:
            sys.settrace(self._enter)

    def stop(self) -> None:
        sys.settrace(None)

    def text(self) -> bytes:
        """The timeline as JSON, of no more than `Limits.timeline` bytes; traces no more."""
        self.stop()  # also where a time limit came just before it was stopped
        pieces, size = [], LAST
        for entry in self._entries:
            piece = msgspec.json.encode(entry)
            size += len(piece) + 1
            if size > self._limits.timeline:
                self._full = True
                break
            pieces.append(piece)
        if self._full:
            pieces.append(msgspec.json.encode({"step": self.step, "line": 0, "truncated": True}))
        return b"[" + b",".join(pieces) + b"]"

    def add(self, entry: Entry) -> bool:
        """Keep another entry, if there is room; else the tracing ends."""
        limits, count = self._limits, len(self._entries)
        late = time.monotonic() - self._waited() / 1e9 > self._until
        if late or count >= limits.timeline_lines or self._size > limits.timeline:
            self._end()
            return False
        self._entries.append(entry)
        self.grow(ENTRY, entry.get("values", {}))
        return True

    def grow(self, size: int, values: Mapping[str, str]) -> None:
        """What is added to an entry takes memory: characters, which `text` measures exactly."""
        self._size += size + sum(len(name) + len(text) for name, text in values.items())

    def shown(self, value: Any) -> str | None:
        for one in self.hidden:
            if value is one:
                return None
        return shown(value)

    def _end(self) -> None:
        self._full = True
        sys.settrace(None)

    def _enter(self, frame: types.FrameType, event: str, arg: Any) -> Any:
        """A frame begins, or a generator's goes on."""
        if frame.f_code.co_filename != FILENAME or self._full:
            return None
        try:
            _descend(ROOM)
        except RecursionError:
            self._end()
            return None
        outer = _call_around(frame)
        if outer is not None:
            outer.note_writes()
        return frame.f_trace or _Call(self, 0 if outer is None else outer.depth + 1).event


class _Call:
    """A call of the rule's that is going on: what its variables were, and its line that runs. Its `event` is what the
    frame holds as its trace function."""

    def __init__(self, tracer: Tracer, depth: int) -> None:
        self.depth = depth
        self._tracer = tracer
        self._step = tracer.step
        self._variables: dict[str, str] = {}
        self._entry: Entry | None = None

    def event(self, frame: types.FrameType, event: str, arg: Any) -> Any:
        variables = _variables(frame)
        self._note_changes(variables)
        self.note_writes()
        if event == "line":
            self._line(frame, variables)
        elif self._entry is None:
            pass  # before the first line
        elif event == "return":
            self._gives(frame.f_code, frame.f_lasti, arg)
        elif event == "exception":
            self._entry["raised"] = arg[0].__name__[:MOST_NAME]
        return self.event

    def note_writes(self) -> None:
        """What was written since the last event, which is this line's doing."""
        tracer = self._tracer
        before, tracer.writes = tracer.writes, tracer.journal.count
        if self._entry is not None and tracer.writes > before:
            self._entry["writes"] = self._entry.get("writes", 0) + tracer.writes - before

    def _line(self, frame: types.FrameType, variables: Mapping[str, Any]) -> None:
        tracer = self._tracer
        entry: Entry = {
            "step": self._step,
            "line": frame.f_lineno,
            "function": frame.f_code.co_name[:MOST_NAME],
            "depth": self.depth,
        }
        if values := self._values(frame, variables):
            entry["values"] = values
        self._entry = entry if tracer.add(entry) else None

    def _values(self, frame: types.FrameType, variables: Mapping[str, Any]) -> dict[str, str]:
        values = {}
        for text, name, keys in self._tracer.paths.get(frame.f_lineno, ()):
            value = variables.get(name, UNKNOWN)
            if value is UNKNOWN:
                value = frame.f_globals.get(name, UNKNOWN)
            for key in keys:
                value = member(value, key)
            told = "<missing>" if value is MISSING else None if value is UNKNOWN else self._tracer.shown(value)
            if told is not None:
                values[text] = told
        return values

    def _note_changes(self, variables: Mapping[str, Any]) -> None:
        """What the line before has changed."""
        changed: dict[str, str] = {}
        for name, value in variables.items():
            if name in self._tracer.names and (text := self._tracer.shown(value)) is not None:
                if self._variables.get(name) == text:
                    continue
                self._variables[name] = text
                if len(changed) < MOST_CHANGED:
                    changed[name[:MOST_NAME]] = text
        if changed and self._entry is not None:  # else arguments, with which it was called
            self._entry["changed"] = changed
            self._tracer.grow(0, changed)

    def _gives(self, code: types.CodeType, place: int, value: Any) -> None:
        """A function ends, or a generator hands something out and is on the same line when it goes on."""
        entry = self._entry
        if entry is None or not code.co_flags & IN_FUNCTION:
            return
        if code.co_code[place] not in GIVING and code.co_code[place - 2] != YIELD:  # 3.13 is one instruction further
            return
        if not any(value is one for one in self._tracer.hidden):
            entry.setdefault("returned", shown(value) or "<code>")


def _variables(frame: types.FrameType) -> Mapping[str, Any]:
    variables, code = frame.f_locals, frame.f_code
    if not NO_CLOSURES or not code.co_flags & IN_FUNCTION:
        return variables
    names = dict.fromkeys(code.co_varnames).keys() - {*code.co_cellvars, *code.co_freevars}
    return {name: variables[name] for name in names if name in variables}


def _call_around(frame: types.FrameType) -> _Call | None:
    """The rule's call that this frame was made in."""
    outer = frame.f_back
    while outer is not None and outer.f_code.co_filename != FILENAME:
        outer = outer.f_back
    call = getattr(outer.f_trace, "__self__", None) if outer is not None else None
    return call if type(call) is _Call else None


def _descend(levels: int) -> None:
    if levels:
        _descend(levels - 1)
