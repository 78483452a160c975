"""The rule's own frames of an exception, each with its source line and the values of the names on it.

Runs no code of the rule, and takes a bounded time: of many frames those at either end are shown.
"""

from __future__ import annotations

import collections
import itertools
import types
from typing import Any, NamedTuple

from sandbox.journal import MOST_NAME, MOST_SOURCE, MOST_VALUES, Frame
from sandbox.program import Program
from sandbox.recorder import FILENAME, MODULE
from sandbox.shown import shown

MOST_LINES = 10  # of one expression whose names are shown
MISSING = object()
IN_MODULE = MODULE.partition("{")[0]


class Place(NamedTuple):
    """Where an instruction stands in the source. Columns count bytes of UTF-8 from 0, as Python has them."""

    line: int
    end_line: int
    column: int | None
    end_column: int | None


def own_calls(error: BaseException, most: int) -> list[types.TracebackType]:
    """The traceback's entries that are the rule's, outermost first; of many those at either end."""
    first: list[types.TracebackType] = []
    last: collections.deque[types.TracebackType] = collections.deque(maxlen=most - most // 2)
    entry = error.__traceback__
    while entry is not None:
        if entry.tb_frame.f_code.co_filename == FILENAME:
            (first if len(first) < most // 2 else last).append(entry)
        entry = entry.tb_next
    return [*first, *last]


def in_module(error: BaseException) -> tuple[str, int] | None:
    """The module of the tenant's in which it was raised, where it was not the rule itself, and the line."""
    found = None
    entry = error.__traceback__
    while entry is not None:
        name = entry.tb_frame.f_code.co_filename
        if name == FILENAME:
            found = None
        elif name.startswith(IN_MODULE):
            found = name[len(IN_MODULE) : -1], entry.tb_lineno or 0
        entry = entry.tb_next
    return found


def place_of(entry: types.TracebackType) -> Place:
    line = entry.tb_lineno or 0
    positions = entry.tb_frame.f_code.co_positions()
    found = next(itertools.islice(positions, entry.tb_lasti // 2, None), None)
    if found is None or found[0] != line or found[1] is None:
        return Place(line, line, None, None)
    return Place(line, found[1], found[2], found[3])


def shown_frames(error: BaseException | None, program: Program, lines: list[str], most: int) -> list[Frame]:
    if error is None:
        return []
    # The same place again and again is what deep recursion is made of.
    places: dict[tuple[int, int], Place] = {}
    frames = []
    for entry in own_calls(error, most):
        key = id(entry.tb_frame.f_code), entry.tb_lasti
        place = places.get(key) or places.setdefault(key, place_of(entry))
        frames.append(_frame(entry.tb_frame, place, program, lines))
    return frames


def _frame(frame: types.FrameType, place: Place, program: Program, lines: list[str]) -> Frame:
    text = lines[place.line - 1] if 1 <= place.line <= len(lines) else None
    column = end_column = None
    if text is not None and place.column is not None:
        column = _characters(text, place.column)
        if place.end_line == place.line and place.end_column is not None:
            end_column = _characters(text, place.end_column)
    return Frame(
        line=place.line,
        function=frame.f_code.co_name[:MOST_NAME],
        source=None if text is None else _cut(text.rstrip()),
        values=_values(frame, place, program),
        column=column,
        end_column=end_column,
    )


def _characters(text: str, column: int) -> int:
    return len(text.encode()[:column].decode(errors="replace")) + 1


def _cut(text: str) -> str:
    return text if len(text) <= MOST_SOURCE else text[: MOST_SOURCE - 3] + "..."


def _values(frame: types.FrameType, place: Place, program: Program) -> dict[str, str]:
    """Variables of the rule's only: what is neither here nor at the top of the script is a builtin."""
    values: dict[str, str] = {}
    here, script = frame.f_locals, frame.f_globals
    for line in range(place.line, min(place.end_line, place.line + MOST_LINES) + 1):
        for name in program.names.get(line, ()):
            value: Any = here.get(name, MISSING)
            if value is MISSING:
                value = script.get(name, MISSING)
            text = None if value is MISSING else shown(value)
            if text is not None:
                values[name[:MOST_NAME]] = text
            if len(values) == MOST_VALUES:
                return values
    return values
