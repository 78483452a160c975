"""Which rules take the time, and which fail: all of them as one histogram, and the busiest by name.

Whoever writes rules chooses their names, and whoever makes tenants how many there are; what watches this must not have
to keep a series for each. So at most `MOST_NAMED` have a name at a time, who has one changes every `NAMED_FOR` seconds
at the most, and the rest is counted as one.

A login only leaves its times here. They are added up many at a time, by columns, for a fifth of what it costs at each.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from itertools import chain, zip_longest

import msgspec

from engine.models import PipelineRule, Step
from sandbox.durations import BOUNDS, Durations

MOST_NAMED = 50
NAMED_FOR = 600.0  # seconds
MOST = 10_000  # rules that are told apart; what one that was forgotten does on counts in the histogram alone
BATCH = 500  # logins whose times wait to be added up
MICROSECONDS = tuple(round(bound * 1e6) for bound in BOUNDS)

Key = tuple[str, str]  # tenant, rule
REST: Key = ("", "other")  # no tenant is called so


class Total(msgspec.Struct):
    runs: int = 0
    microseconds: int = 0
    failures: int = 0

    def add(self, more: Total) -> None:
        self.runs += more.runs
        self.microseconds += more.microseconds
        self.failures += more.failures


class Row(Total):
    """A rule since it was last looked at."""

    rank: Total = msgspec.field(default_factory=Total)  # since names were last given

    def taken(self) -> Total:
        found = Total(self.runs, self.microseconds, self.failures)
        self.runs = self.microseconds = self.failures = 0
        self.rank.add(found)
        return found


class RuleTimes:
    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._rows: OrderedDict[Key, Row] = OrderedDict()
        self._named: dict[Key, Total] = {}
        self._rest = Total()
        self._since = monotonic()
        self._waiting: list[tuple[tuple[Row, ...], Sequence[int]]] = []
        self._durations = Durations()

    @property
    def durations(self) -> Durations:
        """Of all rules."""
        self._add_up()
        return self._durations

    def rows(self, tenant: str, rules: Sequence[PipelineRule]) -> tuple[Row, ...]:
        """Where a login's rules are counted, in their order. Looked up once for a revision, not per login."""
        return tuple(self._row((tenant, rule.name)) for rule in rules)

    def add(self, rows: tuple[Row, ...], times: Sequence[int], seconds: float) -> None:
        """A login's rules: `times` in microseconds, 0 for one that did not run. A worker that has more of them, or says
        that they took longer than the login with its `seconds`, lies."""
        if len(times) > len(rows) or sum(times) > seconds * 1e6 + len(rows):
            times = [min(microseconds, round(seconds * 1e6)) for microseconds in times[: len(rows)]]
        waiting = self._waiting
        waiting.append((rows, times))
        if len(waiting) >= BATCH:
            self._add_up()

    def failed(self, rows: Sequence[Row], rules: Sequence[PipelineRule], failed: Sequence[Step]) -> None:
        """The steps of a login's rules that did not end well."""
        ids = {step.rule_id for step in failed}
        for row, rule in zip(rows, rules, strict=True):
            row.failures += rule.id in ids

    def totals(self) -> Mapping[Key, Total]:
        """Of the rules that have a name now, and of all others as `REST`. Each only grows, as counters do: one that has
        a name counts from when it got it."""
        self._add_up()
        found = {key: row.taken() for key, row in self._rows.items() if row.runs or row.failures}
        if self._monotonic() - self._since >= NAMED_FOR:
            self._name_again()
        for key in sorted(found, key=lambda key: -found[key].microseconds)[: MOST_NAMED - len(self._named)]:
            self._named.setdefault(key, Total())
        for key, total in found.items():
            self._named.get(key, self._rest).add(total)
        return {**self._named, REST: self._rest}

    def _add_up(self) -> None:
        alike: dict[int, tuple[tuple[Row, ...], list[Sequence[int]]]] = {}
        for rows, times in self._waiting:
            alike.setdefault(id(rows), (rows, []))[1].append(times)
        self._waiting.clear()
        for rows, many in alike.values():
            for row, column in zip(rows, zip_longest(*many, fillvalue=0), strict=False):
                row.runs += len(column) - column.count(0)
                row.microseconds += sum(column)
            ordered = sorted(chain.from_iterable(many))
            self._durations.total += sum(ordered) / 1e6
            below = bisect_right(ordered, 0)
            for place, bound in enumerate(MICROSECONDS):
                end = bisect_right(ordered, bound)
                self._durations.counts[place] += end - below
                below = end
            self._durations.counts[-1] += len(ordered) - below

    def _row(self, key: Key) -> Row:
        row = self._rows.get(key)
        if row is None:
            row = self._rows[key] = Row()
            if len(self._rows) > MOST:
                _, left = self._rows.popitem(last=False)
                self._rest.add(left)
        self._rows.move_to_end(key)
        return row

    def _name_again(self) -> None:
        """Half of the names go to those that fail the most, the others to those that take the most time. One that was
        busy and is not has its name until another wants it."""
        self._since = self._monotonic()
        ranks = {key: row.rank for key, row in self._rows.items() if row.rank.runs or row.rank.failures}
        failing = sorted((key for key in ranks if ranks[key].failures), key=lambda key: -ranks[key].failures)
        slow = sorted(ranks, key=lambda key: -ranks[key].microseconds)
        wanted = dict.fromkeys([*failing[: MOST_NAMED // 2], *slow, *self._named])
        names = list(wanted)[:MOST_NAMED]
        self._named = {key: self._named.get(key, Total()) for key in names}
        for row in self._rows.values():
            row.rank = Total()
