"""Recorded executions run again on a service, a few at once, and what came out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec

from cli.client import Client, Rejected
from cli.output import BAD, CHANGED, GOOD, Output, compact

AT_ONCE = 8
NO_ROOM = (429, 503)


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """As the service tells it: `name` is the claim, store or rule in a `part` of the execution."""

    part: str
    name: str | None
    old: Any
    new: Any
    was_present: bool
    is_present: bool

    def words(self) -> str:
        what = self.part
        if self.name is not None:
            what += f" of rule {self.name}" if self.part.startswith("steps[") else f"[{compact(self.name)}]"
        old = compact(self.old) if self.was_present else "(none)"
        new = compact(self.new) if self.is_present else "(none)"
        return f"{what}  {old} -> {new}"


class Remark(msgspec.Struct, frozen=True):
    """Something to know before one trusts a replay."""

    code: str
    text: str


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """One execution; `problem` says why it was not run again."""

    execution_id: str
    identical: bool = False
    differences: list[Difference] = []
    remarks: list[Remark] = []
    problem: str | None = None


class _Answer(msgspec.Struct, frozen=True):
    identical: bool
    differences: list[Difference]
    remarks: list[Remark]


class Tally:
    """Of any number of executions: how many came out how, and those that did not come out the same."""

    def __init__(self) -> None:
        self.identical = 0
        self.different = 0
        self.not_replayed = 0
        self.told: list[Replayed] = []
        self.remarks: dict[str, tuple[int, str]] = {}

    def add(self, one: Replayed) -> None:
        if one.problem is not None:
            self.not_replayed += 1
        elif one.identical:
            self.identical += 1
        else:
            self.different += 1
        if not one.identical:
            self.told.append(one)
        for remark in one.remarks:
            count, text = self.remarks.get(remark.code, (0, remark.text))
            self.remarks[remark.code] = count + 1, text

    @property
    def of(self) -> int:
        return self.identical + self.different + self.not_replayed

    def counts(self) -> dict[str, Any]:
        """For machines."""
        return {
            "replayed": self.identical + self.different,
            "identical": self.identical,
            "different": self.different,
            "not_replayed": self.not_replayed,
            "remarks": {code: count for code, (count, _) in self.remarks.items()},
        }

    def summary(self) -> str:
        """One line."""
        words = f"{self.identical + self.different:,} replayed as they were: {self.identical:,} identical"
        words += f", {self.different:,} different"
        return words + (f", {self.not_replayed:,} not replayed" if self.not_replayed else "")


def replay_all(
    client: Client, ids: Sequence[str], body: dict[str, Any], done: Callable[[], None], *, lenient: bool
) -> Iterator[Replayed]:
    """Each of them, in their order. `done` is called after each. Where `lenient`, one that is gone meanwhile, or that
    there is no room for, is told as such; else that raises `Refused`, as everything else does."""

    def replay(execution: str) -> Replayed:
        try:
            found = client.ask(f"/v1/executions/{execution}/replay", body, _Answer)
        except Rejected as exc:
            if not lenient or exc.status not in (404, *NO_ROOM):
                raise
            return Replayed(execution_id=execution, problem=str(exc))
        finally:
            done()
        return Replayed(
            execution_id=execution,
            identical=found.identical,
            differences=found.differences,
            remarks=found.remarks,
        )

    with ThreadPoolExecutor(AT_ONCE) as threads:
        asked = [threads.submit(replay, execution) for execution in ids]
        try:
            for answer in asked:
                yield answer.result()
        finally:
            threads.shutdown(wait=True, cancel_futures=True)


def show_replayed(output: Output, one: Replayed) -> None:
    """Whether it is identical, else every difference, claim by claim; what there is to know before one trusts it."""
    if one.problem is not None:
        output.line(f"{one.execution_id}  ", ("not replayed", CHANGED), f": {one.problem}")
    elif one.identical:
        output.line(f"{one.execution_id}  ", ("identical", GOOD))
    else:
        output.line(f"{one.execution_id}  ", ("differs", BAD))
        for difference in one.differences:
            output.line(f"  {difference.words()}")
    for remark in one.remarks:
        output.line("  ", (remark.code, CHANGED), f": {remark.text}")
