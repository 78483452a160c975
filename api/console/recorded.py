"""A record, in the pieces that the screen of an execution shows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

TOKENS = {"idToken": "ID token", "accessToken": "access token"}
HIDDEN = "***"
MOST_NAMES = 200  # that are offered to be asked about
MOST_OPEN = 40  # lines of all steps together up to which all of them are open
SMALLEST = 0.4  # percent: a bar that can be seen
FAILED = ("denied", "raised", "timed_out", "exhausted", "refused")

Record = Mapping[str, Any]


class Writing(NamedTuple):
    """A write that touched a claim: `step` and `number` are its places, from 0. `below` is what of the claim it was
    about, "" for all of it. `was_there` and `is_there` say whether `old` and `new` are values at all."""

    step: int
    number: int
    rule: str
    rule_id: str
    version: int
    line: int
    below: str
    old: Any
    new: Any
    was_there: bool
    is_there: bool


class Claim(NamedTuple):
    """`writings` in their order; none: it is as the issuer sent it."""

    token: str
    name: str
    value: Any
    writings: list[Writing]


class Bar(NamedTuple):
    """Percent of the time that all rules took."""

    start: float
    width: float


def claims(record: Record, token: str) -> list[Claim]:
    """Those that the token carries, by name."""
    carried = _members(record[token])
    return [Claim(token, name, carried[name], list(_writings(record, token, name))) for name in sorted(carried)]


def bars(steps: Sequence[Mapping[str, Any]]) -> list[Bar]:
    """One behind the other, as the rules ran."""
    total = sum(step["ms"] for step in steps) or 1.0
    made, before = list[Bar](), 0.0
    for step in steps:
        width = max(100 * step["ms"] / total, SMALLEST)
        made.append(Bar(round(min(100 * before / total, 100 - SMALLEST), 2), round(width, 2)))
        before += step["ms"]
    return made


def opened(steps: Sequence[Mapping[str, Any]]) -> list[bool]:
    """Which steps show all they have at first: those that failed, and all of a short record."""
    short = sum(len(step["writes"]) + len(step["logs"]) + len(step["calls"]) for step in steps) <= MOST_OPEN
    return [short or step["outcome"] in FAILED for step in steps]


def known_names(record: Record) -> list[str]:
    """Names that somebody may ask about: of claims, and of what stands on `user`, where it is often looked for."""
    names: dict[str, None] = {}
    for token in TOKENS:
        names |= dict.fromkeys(sorted(_members(record[token])))
        names |= dict.fromkeys(sorted(_members(_members(record["transaction"]["context"]).get(token))))
    names |= dict.fromkeys(notice["claim"] for notice in record["warnings"] if notice["claim"])
    for step in record["steps"]:
        for write in step["writes"]:
            parts = parts_of(write["path"])
            depth = 3 if parts[:1] == ["context"] and parts[1:2] in (["idToken"], ["accessToken"]) else 2
            if len(parts) >= depth and parts[0] in ("user", "context"):
                names[parts[depth - 1]] = None
    names |= dict.fromkeys(sorted(_members(record["transaction"]["user"])))
    return list(names)[:MOST_NAMES]


def rules_ran(record: Record) -> dict[str, tuple[str, int | None]]:
    """The ids and versions of the rules that ran, by their names."""
    return {step["rule"]: (step["rule_id"], step["version"]) for step in record["steps"]}


def hides(record: Record) -> bool:
    """Whether something in it is not shown: `removed` tells of the transaction only, not of what rules made of it."""
    return bool(record["removed"]) or HIDDEN in json.dumps(record)


def spelt(pointer: str) -> str:
    """A JSON Pointer as rules write it: `context.idToken["https://example.com/plan"]`."""
    first, *others = parts_of(pointer) or [""]
    return first + "".join(f".{part}" if part.isidentifier() else _index(part) for part in others)


def in_words(text: str) -> list[tuple[bool, str]]:
    """A sentence in pieces: whether each stood between backticks, and its text."""
    pieces = text.split("`")
    if len(pieces) % 2 == 0:  # one that was not closed: it is text
        pieces[-2:] = ["`".join(pieces[-2:])]
    return [(number % 2 == 1, piece) for number, piece in enumerate(pieces) if piece]


def parts_of(pointer: str) -> list[str]:
    """The names of a JSON Pointer (RFC 6901)."""
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def _writings(record: Record, token: str, claim: str) -> Iterator[Writing]:
    for place, step in enumerate(record["steps"]):
        for number, write in enumerate(step["writes"]):
            parts = parts_of(write["path"])
            if write["rolled_back"] or parts[:2] != ["context", token] or parts[2:3] not in ([], [claim]):
                continue
            old, new = write["old"], write["new"]
            was, is_ = write["op"] != "add", write["op"] != "remove"
            if len(parts) == 2:  # all claims at once
                was, old = _member(old, claim)
                is_, new = _member(new, claim)
                if not was and not is_:
                    continue
            yield Writing(
                place,
                number,
                step["rule"],
                step["rule_id"],
                step["version"],
                write["line"],
                "/".join(parts[3:]),
                old,
                new,
                was,
                is_,
            )


def _index(part: str) -> str:
    return f"[{part}]" if part.isdecimal() else f"[{json.dumps(part, ensure_ascii=False)}]"


def _members(value: Any) -> dict[str, Any]:
    """Those of an object; of what is none, or is not shown, none."""
    return value if isinstance(value, dict) else {}


def _member(value: Any, name: str) -> tuple[bool, Any]:
    return (True, value[name]) if isinstance(value, dict) and name in value else (False, None)
