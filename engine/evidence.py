"""What a record tells of one claim: who wrote it and when, and what the data were at some line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from engine.capability import TOKENS
from engine.models import JSON, RanRule
from engine.record import Record
from sandbox import journal
from sandbox.journal import Event, parts_of, pointer

MISSING = object()
DEEPEST = 4  # levels of `user` and `context` that are searched for a like name
Path = tuple[Any, ...]


class Chapter(msgspec.Struct, frozen=True, kw_only=True):
    """One write of a claim, or of something that holds it or stands in it. `source` is the line's own text."""

    rule: str
    version: int
    line: int
    source: str | None
    op: str
    path: str
    old: JSON
    new: JSON
    rolled_back: bool


class Evidence:
    """`scripts` are the sources of the rules that ran, by their ids."""

    def __init__(self, record: Record, scripts: Mapping[str, str]) -> None:
        self.record = record
        self.rules: tuple[RanRule, ...] = record.trace.rules
        self._scripts = scripts
        self.events: list[Event] = []
        for index in range(len(self.rules)):
            kill = record.trace.kills.get(index)
            own = kill.events if kill else record.trace.events()
            self.events += [event for event in own if event.step == index]
        ended_and_skipped = (index for index in record.trace.kills if self.rules[index].on_failure == "skip")
        self.undone = {*record.trace.skipped, *ended_and_skipped}
        self._user = msgspec.json.decode(record.user)
        self._context = msgspec.json.decode(record.context)

    def source(self, place: int, line: int) -> str | None:
        """The text of a line of the rule at `place`."""
        lines = self._scripts.get(self.rules[place].id, "").split("\n")
        return lines[line - 1].strip()[:200] if 0 < line <= len(lines) else None

    def history(self, path: Path) -> list[Chapter]:
        """Every write that touched what is at `path`, in order."""
        where = pointer(path)
        return [
            Chapter(
                rule=self.rules[event.step].name,
                version=self.rules[event.step].version,
                line=event.line,
                source=self.source(event.step, event.line),
                op=event.op,
                path=event.path,
                old=event.old,
                new=event.new,
                rolled_back=event.step in self.undone,
            )
            for event in self.writes()
            if event.path == where or _touches(event, path)
        ]

    def writes(self) -> Iterator[journal.Write]:
        return (event for event in self.events if isinstance(event, journal.Write))

    def place_of(self, rule: str) -> int | None:
        return next((index for index, one in enumerate(self.rules) if one.name == rule), None)

    def ran(self) -> set[int]:
        """The places of the rules that ran, to whatever end."""
        return {event.step for event in self.events if isinstance(event, journal.End)} | set(self.record.trace.kills)

    def value(self, path: Path, place: int, line: int) -> Any:
        """What stood at a path of `user` or `context` when the rule at `place` came to `line`, as far as writes tell;
        `MISSING` where there was nothing."""
        return _at(self._data(place, line), path)

    def data(self, place: int) -> tuple[Any, Any] | None:
        """`user` and `context` as the rule at `place` was given them; None where a rule before it wrote a value that
        the record has only measured."""
        earlier = (event for event in self.writes() if event.step < place and event.step not in self.undone)
        if any(isinstance(event.new, dict) and "$truncated" in event.new for event in earlier):
            return None
        data = self._data(place, 0)
        return data["user"], data["context"]

    def _data(self, place: int, line: int) -> Any:
        data = msgspec.json.decode(msgspec.json.encode({"user": self._user, "context": self._context}))
        for name in TOKENS:  # they always are objects for a rule
            if isinstance(data["context"], dict) and data["context"].get(name) is None:
                data["context"][name] = {}
        for event in self.writes():
            before = event.step < place and event.step not in self.undone
            if before or (event.step == place and event.line < line):
                _apply(data, parts_of(event.path), event)
        return data

    def like(self, name: str) -> Iterator[tuple[Path, int | None, int]]:
        """Where something of a like name stands, or stood: its path, the place of the rule that wrote it (None: it came
        so), and the line. What came with the transaction is last."""
        wanted = folded(name)
        for event in reversed([*self.writes()]):
            path = parts_of(event.path)
            if event.op != "remove" and event.step not in self.undone and path and folded(path[-1]) == wanted:
                yield path, event.step, event.line
        for root, value in (("user", self._user), ("context", self._context)):
            for path in _search(value, (root,), wanted):
                yield path, None, 0


def folded(name: object) -> str:
    """What names that mean the same have in common: the last part, without case, `-` and `_`."""
    text = str(name).rstrip("/").replace(":", "/").rpartition("/")[2]
    return text.lower().replace("_", "").replace("-", "")


def _search(value: Any, at: Path, wanted: str) -> Iterator[Path]:
    if len(at) > DEEPEST:
        return
    if isinstance(value, dict):
        for name, child in value.items():
            if folded(name) == wanted:
                yield (*at, name)
            yield from _search(child, (*at, name), wanted)


def _touches(event: journal.Write, path: Path) -> bool:
    """Whether it wrote something inside of what is at `path`, or replaced what holds it in a way that changed it."""
    written = parts_of(event.path)
    if written[: len(path)] == path:
        return True
    if path[: len(written)] != written:
        return False
    rest = path[len(written) :]
    return _at(event.old, rest) is not MISSING or _at(event.new, rest) is not MISSING


def _at(value: Any, path: Path) -> Any:
    for part in path:
        if isinstance(value, dict):
            value = value.get(part, MISSING)
        elif isinstance(value, list) and (place := _place(part)) is not None and place < len(value):
            value = value[place]
        else:
            return MISSING
    return value


def _place(part: Any) -> int | None:
    """The place in a list that a part of a path names; None for what no honest worker writes."""
    text = str(part)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _apply(data: Any, path: Path, event: journal.Write) -> None:
    """One write again. What cannot be (a value that was only measured stands above it, or no rule can have made it) is
    left out."""
    if len(path) < 2:
        return  # `user` and `context` themselves: nobody can
    holder = _at(data, path[:-1])
    name = path[-1]
    if isinstance(holder, dict):
        if event.op == "remove":
            holder.pop(name, None)
        else:
            holder[name] = event.new
    elif isinstance(holder, list) and (place := _place(name)) is not None:
        if event.op == "add" and place == len(holder):
            holder.append(event.new)
        elif event.op == "replace" and place < len(holder):
            holder[place] = event.new
        elif event.op == "remove" and place < len(holder):
            del holder[place]
