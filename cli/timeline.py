"""A recorded execution as lines to walk along: what each saw, changed and wrote."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from cli.client import Client
from cli.replaying import Remark

NAME = re.compile(r"[^\W\d]\w*")
ITEM = re.compile(r"""\[["']?(.*?)["']?\]""")
MODULE = "<module>"


class Write(msgspec.Struct, frozen=True, kw_only=True):
    """As a record shows it."""

    path: str
    op: str
    old: Any = None
    new: Any = None
    line: int

    def touches(self, name: str) -> bool:
        """Whether it changed `name`: a JSON Pointer, a path as rules write it, or the name of a claim."""
        parts = [part.replace("~1", "/").replace("~0", "~") for part in self.path.split("/")[1:]]
        own = ".".join(parts)
        wanted = ".".join(name.split("/")[1:]).replace("~1", "/").replace("~0", "~")
        if not name.startswith("/"):
            wanted = ITEM.sub(r".\1", name)
        if f"{own}.".startswith(f"{wanted}.") or f"{wanted}.".startswith(f"{own}."):
            return True
        return parts[:1] == ["context"] and parts[2:3] == [name]


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line as it ran, as the service tells it. `writes` counts its own, not those of the calls in it."""

    rule: str
    version: int
    line: int
    source: str | None = None
    function: str = ""
    depth: int = 0
    values: dict[str, str] = {}
    changed: dict[str, str] = {}
    writes: int = 0
    returned: str | None = None
    raised: str | None = None


class Told(msgspec.Struct, frozen=True, kw_only=True):
    identical: bool
    remarks: list[Remark]
    truncated: bool
    lines: list[Line]


class _Step(msgspec.Struct, frozen=True):
    rule: str
    writes: list[Write]


class _Record(msgspec.Struct, frozen=True):
    steps: list[_Step]


class Timeline:
    """`writes[place]` are the changes that the line at this place made itself, not in a call."""

    def __init__(self, told: Told, steps: Iterable[tuple[str, Sequence[Write]]]) -> None:
        self.told = told
        self.lines = told.lines
        by_rule = {rule: list(writes) for rule, writes in steps}
        self.writes: list[list[Write]] = [[] for _ in self.lines]
        for start, end in _rules(self.lines):
            _attribute(self.lines[start:end], by_rule.get(self.lines[start].rule, []), self.writes[start:end])
        self._frames = list(_frames(self.lines))

    def sources(self, rule: str) -> dict[int, str]:
        """The text of the rule's lines that ran, by their numbers."""
        return {line.line: line.source or "" for line in self.lines if line.rule == rule}

    def variables(self, place: int) -> dict[str, str]:
        """What is known of the variables just before this line runs: those of its function, and of the script."""
        here = self.lines[place]
        found: dict[str, str] = {}
        for earlier in range(place + 1):
            line = self.lines[earlier]
            of_script = line.rule == here.rule and line.function == MODULE
            if self._frames[earlier] != self._frames[place] and not of_script:
                continue
            found |= {name: value for name, value in line.values.items() if NAME.fullmatch(name)}
            if earlier < place:
                found |= line.changed
        return found

    def last_change(self, place: int, name: str) -> int | None:
        """Where, before this line, the variable was changed last, or the path or claim was written."""
        for earlier in range(place - 1, -1, -1):
            written = any(write.touches(name) for write in self.writes[earlier])
            if name in self.lines[earlier].changed or written:
                return earlier
        return None

    def next_run(self, place: int, number: int) -> int | None:
        """Where the line `number` of the same rule runs next, else where it ran first."""
        rule = self.lines[place].rule
        places = [at for at, line in enumerate(self.lines) if (line.rule, line.line) == (rule, number)]
        return next((at for at in places if at > place), places[0] if places else None)

    def rule_start(self, place: int, by: int) -> int | None:
        """Where the next rule (`by` 1) or the one before (-1) begins."""
        starts = [start for start, _ in _rules(self.lines)]
        current = max(index for index, start in enumerate(starts) if start <= place)
        return starts[current + by] if 0 <= current + by < len(starts) else None


def fetch(client: Client, execution: str) -> Timeline:
    """The timeline of an execution, with the writes of its record. Raises `Refused`."""
    told = client.get(f"/v1/executions/{execution}/timeline", Told)
    record = client.get(f"/v1/executions/{execution}", _Record)
    return Timeline(told, [(step.rule, step.writes) for step in record.steps])


def _rules(lines: Sequence[Line]) -> Iterator[tuple[int, int]]:
    """Where each rule begins and ends: a rule runs once."""
    start = 0
    for place in range(1, len(lines) + 1):
        if place == len(lines) or lines[place].rule != lines[start].rule:
            yield start, place
            start = place


def _attribute(lines: Sequence[Line], writes: Sequence[Write], to: Sequence[list[Write]]) -> None:
    """Give each line the writes that it made: they are told in the order in which they were made, and a line may write
    before, between and after the calls in it, which are told behind it."""
    own = [line.writes for line in lines]
    left = list(writes)
    left.reverse()

    def give(place: int, only_its_line: bool) -> None:
        while left and own[place] > 0 and not (only_its_line and left[-1].line != lines[place].line):
            to[place].append(left.pop())
            own[place] -= 1

    around: list[int] = []  # the lines whose calls are going on
    for place, line in enumerate(lines):
        while around and lines[around[-1]].depth >= line.depth:
            give(around.pop(), only_its_line=False)
        if around:
            give(around[-1], only_its_line=True)  # what it wrote before this call
        around.append(place)
    while around:
        give(around.pop(), only_its_line=False)


def _frames(lines: Sequence[Line]) -> Iterator[int]:
    """For each line a number of the call it belongs to."""
    calls: list[tuple[Line, int]] = []
    number = 0
    for line in lines:
        while calls and (calls[-1][0].depth > line.depth or calls[-1][0].rule != line.rule):
            calls.pop()
        same = bool(calls) and calls[-1][0].depth == line.depth
        if same and calls[-1][0].function == line.function and calls[-1][0].returned is None:
            number_here = calls.pop()[1]
        else:
            if same:
                calls.pop()
            number += 1
            number_here = number
        calls.append((line, number_here))
        yield number_here
