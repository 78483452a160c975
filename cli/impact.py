"""What other rules would have done to recorded logins: asked of a service, and summed up for a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from cli.client import Client
from cli.output import BAD, CHANGED, GOOD, Output, Part
from cli.refusal import Refused

MOST_SHOWN = 20  # groups of one kind
EXAMPLES = 2  # executions named for each
# What became of a login, in words, and how bad that is.
KINDS = {
    "changed": ("tokens that change", CHANGED),
    "denied": ("newly denied", BAD),
    "allowed": ("newly allowed", CHANGED),
    "otherwise": ("decided otherwise", CHANGED),
    "failed": ("a rule newly fails", BAD),
    "not_reproducible": ("not fully recorded", CHANGED),
}
GROUPS = {"rules": "rule", "claims": "claim", "clients": "client"}


class Group(msgspec.Struct, frozen=True):
    count: int
    examples: list[str]


class Impact(msgspec.Struct, frozen=True, kw_only=True):
    """As `POST /v1/impact` tells it at last."""

    replayed: int
    unchanged: int
    changed: Group
    denied: Group
    allowed: Group
    otherwise: Group
    failed: Group
    not_reproducible: Group
    left_out: int
    unreadable: int = 0  # an older service does not count them
    claims: dict[str, Group]
    rules: dict[str, Group]
    clients: dict[str, Group]
    p95_before: float
    p95_after: float
    would_change: bool

    def kind(self, name: str) -> Group:
        """One of `KINDS`."""
        found: Group = getattr(self, name)
        return found

    def groups(self, name: str) -> dict[str, Group]:
        """Those of `GROUPS`, most executions first."""
        found: dict[str, Group] = getattr(self, name)
        return found


class _Line(msgspec.Struct, frozen=True):
    replayed: int = 0
    of: int = 0
    impact: Impact | None = None
    error: str | None = None


_line = msgspec.json.Decoder(_Line)


def analyse(client: Client, question: Mapping[str, Any], output: Output) -> Impact:
    """The answer of the service; its progress is shown meanwhile. Raises `Refused`."""
    with output.told_progress("replaying") as told, client.lines("POST", "/v1/impact", dict(question)) as lines:
        for text in lines:
            try:
                line = _line.decode(text)
            except (msgspec.DecodeError, RecursionError):
                raise Refused(f"{client.url} does not answer like Claimsmith: is that its address?") from None
            if line.error is not None:
                raise Refused(f"the service has broken off the analysis ({line.error}); try again")
            if line.impact is not None:
                return line.impact
            told(line.replayed, line.of)
    raise Refused("the service has ended before its analysis was complete; try again")


def summary(impact: Impact) -> str:
    """One line."""
    parts = [
        "1 token changes" if impact.changed.count == 1 else f"{impact.changed.count:,} tokens change",
        f"{impact.denied.count:,} newly denied",
        f"{impact.allowed.count:,} newly allowed",
        "1 error" if impact.failed.count == 1 else f"{impact.failed.count:,} errors",
    ]
    if impact.otherwise.count:
        parts.insert(3, f"{impact.otherwise.count:,} decided otherwise")
    if impact.left_out:
        parts.append(f"{impact.left_out:,} left out, for which there was no worker")
    if impact.unreadable:
        parts.append(f"{impact.unreadable:,} left out, whose records cannot be opened")
    if impact.not_reproducible.count:
        parts.append(f"{impact.not_reproducible.count:,} not fully recorded")
    times = f"p95 {impact.p95_before:.1f} ms -> {impact.p95_after:.1f} ms"
    return f"{impact.replayed:,} replayed: {', '.join(parts)}; {times}"


def show_impact(output: Output, impact: Impact) -> None:
    output.line((summary(impact), BAD if impact.would_change else GOOD))
    kinds: list[tuple[Part, ...]] = [
        ((words, style), f"{group.count:,}", _examples(group))
        for name, (words, style) in KINDS.items()
        if (group := impact.kind(name)).count
    ]
    _table(output, "logins", kinds)
    for name, noun in GROUPS.items():
        groups = impact.groups(name)
        rows: list[tuple[Part, ...]] = [
            (of or "(none)", f"{group.count:,}", _examples(group)) for of, group in groups.items()
        ]
        _table(output, noun, rows[:MOST_SHOWN])
        if len(rows) > MOST_SHOWN:
            output.line(f"and {len(rows) - MOST_SHOWN:,} more: --json and --html have all")


def _table(output: Output, noun: str, rows: list[tuple[Part, ...]]) -> None:
    if rows:
        output.line()
        output.table((noun, "count", "for example"), rows)


def _examples(group: Group) -> str:
    return " ".join(group.examples[:EXAMPLES])
