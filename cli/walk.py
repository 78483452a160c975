"""A timeline as something to walk through: where one is, what is known there, who changed what."""

from __future__ import annotations

from typing import Any

AROUND = 6  # lines before and after


class Walk:
    """`timeline` and `record` as the service shows them. A place is the number of a line that ran, from 0."""

    def __init__(self, timeline: dict[str, Any], record: dict[str, Any]) -> None:
        self.lines: list[dict[str, Any]] = timeline["lines"]
        self.truncated: bool = timeline["truncated"]
        self._sources: dict[str, dict[int, str]] = {}
        self._writes: list[list[dict[str, Any]]] = []
        left = {step["rule"]: list(step["writes"]) for step in record["steps"]}
        for one in self.lines:
            self._sources.setdefault(one["rule"], {})[one["line"]] = one["source"] or ""
            writes = left.get(one["rule"], [])
            count = one["writes"]
            self._writes.append(writes[:count])
            del writes[:count]

    def where(self, place: int) -> str:
        one = self.lines[place]
        return f"{one['rule']}:{one['line']}"

    def around(self, place: int) -> list[tuple[int, str]]:
        """Lines of the source near the place: those that ran at some time."""
        one = self.lines[place]
        known = self._sources[one["rule"]]
        return [(number, known[number]) for number in sorted(known) if abs(number - one["line"]) <= AROUND]

    def told(self, place: int) -> list[tuple[str, str]]:
        """What the line read, changed, wrote and ended with: words, and which of these it is."""
        one = self.lines[place]
        words = [(f"{name} is {text}", "value") for name, text in one["values"].items()]
        words += [(f"{name} = {text}", "changed") for name, text in one["changed"].items()]
        words += [(f"wrote {_dotted(write['path'])}: {write['op']} {_short(write['new'])}", "changed")
                  for write in self._writes[place]]  # fmt: skip
        if "raised" in one:
            words.append((f"raised {one['raised']}", "raised"))
        if one.get("returned") is not None:
            words.append((f"returned {one['returned']}", "value"))
        return words

    def variables(self, place: int) -> dict[str, str]:
        """The variables of the function at the place, as they are before its line runs."""
        here = self.lines[place]
        found: dict[str, str] = {}
        for one in self.lines[:place]:
            if (one["rule"], one["function"]) == (here["rule"], here["function"]):
                found |= one["changed"]
        return found

    def who(self, place: int, name: str) -> int | None:
        """The last place before this one whose line changed the variable, or wrote the path."""
        for earlier in range(place - 1, -1, -1):
            paths = [_dotted(write["path"]) for write in self._writes[earlier]]
            if name in self.lines[earlier]["changed"] or name in paths:
                return earlier
        return None

    def move(self, place: int, act: str) -> int:
        last = len(self.lines) - 1
        if act in ("next_rule", "last_rule"):
            way = 1 if act == "next_rule" else -1
            other = place
            while 0 <= other + way <= last and self.lines[other]["rule"] == self.lines[place]["rule"]:
                other += way
            return other
        moved = {"next": place + 1, "back": place - 1, "begin": 0, "end": last}.get(act, place)
        return min(max(moved, 0), last)


def _dotted(path: str) -> str:
    return ".".join(part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:])


def _short(value: Any) -> str:
    from cli.output import compact

    text = compact(value)
    return text if len(text) <= 100 else text[:97] + "..."
