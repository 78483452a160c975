"""Which lines of each rule its cases have run, and which they have not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from cli.output import BAD, GOOD, Output
from cli.trials import Result


class Covered(msgspec.Struct, frozen=True, kw_only=True):
    """`lines` hold a statement; `missing` are those of them that no case has run."""

    file: str
    lines: int
    missing: list[int]

    @property
    def part(self) -> float:
        return 1.0 if not self.lines else 1 - len(self.missing) / self.lines


def covered(results: Sequence[Result]) -> list[Covered]:
    """By rule, in the order of the results."""
    found: dict[str, tuple[frozenset[int], frozenset[int]]] = {}
    for result in results:
        every, ran = found.get(str(result.path), (frozenset(), frozenset()))
        found[str(result.path)] = (every | result.all_lines, ran | result.lines)
    return [Covered(file=file, lines=len(every), missing=sorted(every - ran)) for file, (every, ran) in found.items()]


def show_coverage(output: Output, found: Sequence[Covered]) -> None:
    output.line()
    rows = [
        (one.file, str(one.lines), (f"{one.part:.0%}", BAD if one.missing else GOOD), ", ".join(ranges(one.missing)))
        for one in found
    ]
    output.table(("rule", "lines", "run", "not run"), rows)
    every = sum(one.lines for one in found)
    missing = sum(len(one.missing) for one in found)
    output.line(f"{1 - missing / every if every else 1:.0%} of {every} lines were run")


def ranges(lines: Iterable[int]) -> list[str]:
    """`3`, `7-9`."""
    made: list[list[int]] = []
    for line in lines:
        if made and line == made[-1][1] + 1:
            made[-1][1] = line
        else:
            made.append([line, line])
    return [str(first) if first == last else f"{first}-{last}" for first, last in made]
