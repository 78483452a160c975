"""Traces a rule line by line, inside the worker: the same rule on the same path, watched by Python's trace function.

Runs no code of the rule: values are shown by their exact types (`sandbox.shown`), and paths are followed through plain
dicts and lists only.
"""

from __future__ import annotations

import ast
import sys
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from sandbox.journal import MOST_NAME, Journal
from sandbox.limits import Limits
from sandbox.program import Program
from sandbox.recorder import FILENAME
from sandbox.shown import shown
from sandbox.timeline import MOST_PATH

MISSING = object()
MOST_PATHS = 20  # of one line
MOST_CHANGED = 20  # variables of one line
Trace = Callable[[types.FrameType, str, Any], Any]
# A name and what follows it, as it is written, and the keys to go by.
Paths = Mapping[int, tuple[tuple[str, str, tuple[Any, ...]], ...]]


class _Call:
    """A call of the rule's that is going on: what its variables were, and its line that runs."""

    def __init__(self, depth: int) -> None:
        self.depth = depth
        self.variables: dict[str, str] = {}
        self.entry: dict[str, Any] | None = None
        self.writes = 0


class Tracer:
    """Follows the rules of one execution, one after the other."""

    def __init__(self, limits: Limits, journal: Journal, hidden: tuple[Any, ...]) -> None:
        """`hidden` are the objects that are not shown as variables: `user` and `context`, whose changes are writes."""
        self._limits = limits
        self._journal = journal
        self._hidden = hidden
        self._entries: list[dict[str, Any]] = []
        self._size = 0
        self._full = False
        self._lost = False  # an error of ours, in a place without memory or stack, has ended the watching of a rule
        self._step = 0
        self._calls: dict[types.FrameType, _Call] = {}
        self._names: frozenset[str] = frozenset()
        self._paths: Paths = {}

    def start(self, step: int, program: Program) -> None:
        """From now on, until `stop`, what this program runs is noted."""
        self._step = step
        self._calls = {}
        self._names = frozenset(name for names in program.names.values() for name in names)
        self._paths = _paths(program.source)
        if not self._full:
            sys.settrace(self._enter)

    def stop(self) -> None:
        # An exception in a trace function comes up in the rule, which may catch it, and Python traces no more.
        self._lost |= not self._full and sys.gettrace() is None
        sys.settrace(None)
        self._calls = {}  # they hold the rule's frames

    def text(self) -> bytes:
        """The timeline so far, as JSON of at most `Limits.timeline` bytes and a few."""
        lines: list[bytes] = []
        size = 0
        for entry in self._entries:
            line = msgspec.json.encode(entry)
            size += len(line) + 1
            if size > self._limits.timeline:  # what was counted before are characters
                self._full = True
                break
            lines.append(line)
        if self._full or self._lost:
            lines.append(msgspec.json.encode({"step": self._step, "line": 0, "truncated": True}))
        return b"[" + b",".join(lines) + b"]"

    def _enter(self, frame: types.FrameType, event: str, arg: Any) -> Trace | None:
        if frame.f_code.co_filename != FILENAME or self._full:
            return None
        if frame not in self._calls:  # a generator is entered again and again
            outer = frame.f_back
            while outer is not None and outer not in self._calls:
                outer = outer.f_back
            self._calls[frame] = _Call(0 if outer is None else self._calls[outer].depth + 1)
        return self._trace

    def _trace(self, frame: types.FrameType, event: str, arg: Any) -> Trace | None:
        if self._full:
            return None
        call = self._calls.get(frame)
        if call is None:
            return None
        variables = frame.f_locals
        self._settle(call, variables)
        if event == "line":
            self._line(call, frame, variables)
        elif event == "return":
            if call.entry is not None and frame.f_code.co_name != "<module>":
                call.entry["returned"] = self._shown(arg) or "<code>"
            call.entry = None
            if not frame.f_code.co_flags & GENERATORS:
                del self._calls[frame]
        elif event == "exception" and call.entry is not None:
            call.entry["raised"] = arg[0].__name__[:MOST_NAME]
        return self._trace

    def _line(self, call: _Call, frame: types.FrameType, variables: Mapping[str, Any]) -> None:
        line = frame.f_lineno
        entry: dict[str, Any] = {
            "step": self._step,
            "line": line,
            "function": frame.f_code.co_name[:MOST_NAME],
            "depth": call.depth,
        }
        values = {}
        for text, name, keys in self._paths.get(line, ()):
            value = variables.get(name, MISSING)
            if value is MISSING:
                value = frame.f_globals.get(name, MISSING)
            for key in keys:
                value = _member(value, key)
            told = "<missing>" if value is MISSING and keys else self._shown(value)
            if told is not None:
                values[text] = told
        if values:
            entry["values"] = values
        self._size += 150 + sum(len(name) + len(text) for name, text in values.items())
        if len(self._entries) >= self._limits.timeline_lines or self._size > self._limits.timeline:
            self._full = True
            sys.settrace(None)
            return
        self._entries.append(entry)
        call.entry, call.writes = entry, self._journal.count

    def _settle(self, call: _Call, variables: Mapping[str, Any]) -> None:
        """Note what the line before has changed."""
        changed: dict[str, str] = {}
        for name, value in variables.items():
            if name in self._names and not any(value is one for one in self._hidden):
                text = self._shown(value)
                if text is not None and call.variables.get(name) != text:
                    call.variables[name] = text
                    if len(changed) < MOST_CHANGED:
                        changed[name[:MOST_NAME]] = text
        if call.entry is None:
            return  # arguments, with which it was called
        if changed:
            call.entry["changed"] = changed
            self._size += sum(len(name) + len(text) for name, text in changed.items())
        if writes := self._journal.count - call.writes:
            call.entry["writes"] = max(writes, 0)

    def _shown(self, value: Any) -> str | None:
        return None if value is MISSING or any(value is one for one in self._hidden) else shown(value)


GENERATORS = 0x20 | 0x80 | 0x200  # CO_GENERATOR, CO_COROUTINE, CO_ASYNC_GENERATOR


def _member(value: Any, key: Any) -> Any:
    """What plain data have under a key."""
    kind = type(value)
    if kind is dict and type(key) is str:
        return value.get(key, MISSING)
    if kind is list and type(key) is int and -len(value) <= key < len(value):
        return value[key]
    return MISSING


def _paths(source: str) -> Paths:
    """The names and simple paths on each line of a script, the longest of each."""
    found: dict[int, dict[str, tuple[str, str, tuple[Any, ...]]]] = {}
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    inner = {id(child) for node in ast.walk(tree) for child in _holders(node)}
    for node in ast.walk(tree):
        if id(node) in inner or not isinstance(node, ast.expr) or isinstance(getattr(node, "ctx", None), ast.Store):
            continue
        path = _path(node)
        if path is not None:
            text, name, keys = path
            on_line = found.setdefault(node.lineno, {})
            if len(on_line) < MOST_PATHS and len(text) <= MOST_PATH:
                on_line[text] = (text, name, keys)
    return {line: tuple(paths.values()) for line, paths in found.items()}


def _holders(node: ast.AST) -> Iterator[ast.AST]:
    """What stands inside of a longer path, and is not shown by itself."""
    if isinstance(node, ast.Attribute | ast.Subscript) and _path(node) is not None:
        yield node.value
    elif isinstance(node, ast.Call) and _path(node) is not None and isinstance(node.func, ast.Attribute):
        yield node.func
        yield node.func.value
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
        yield node.func  # a function has no value to show, and a method is no member


def _path(node: ast.AST) -> tuple[str, str, tuple[Any, ...]] | None:
    if isinstance(node, ast.Name):
        return node.id, node.id, ()
    if isinstance(node, ast.Attribute):
        above = _path(node.value)
        return above and (f"{above[0]}.{node.attr}", above[1], (*above[2], node.attr))
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        key, above = node.slice.value, _path(node.value)
        if above is not None and isinstance(key, str):
            return f"{above[0]}.{key}", above[1], (*above[2], key)
        return above and (f"{above[0]}[{key}]", above[1], (*above[2], key)) if type(key) is int else None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get" and node.args:
        name, above = node.args[0], _path(node.func.value)
        if above is not None and isinstance(name, ast.Constant) and isinstance(name.value, str):
            return f"{above[0]}.{name.value}", above[1], (*above[2], name.value)
    return None
