"""What two revisions differ in, and two texts line by line, for people. Nothing is asked here."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

Revision = Mapping[str, Any]  # as `/v1/revisions/{n}` shows it
Entry = Mapping[str, Any]  # a rule or a module of one
LINE_END = re.compile(r"\r\n|\r|\n")  # as in `sandbox.program`, which is not for this process
FIELDS = ("name", "order", "enabled", "on_failure", "conditions")  # of a rule, beside its script
APART = "recording"  # the one setting that going back leaves as it is
CONTEXT = 3  # lines around a change


class Line(NamedTuple):
    """`kind` is `same`, `added`, `removed`, or `gap`: lines that are the same in both were left out."""

    kind: str
    before: int | None
    after: int | None
    text: str


class Member(NamedTuple):
    """A named value that is another. None is one that is not there."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Changed:
    """A rule or module that is in both. `script` says whether its source is another one."""

    before: Entry
    after: Entry
    members: tuple[Member, ...]
    script: bool


@dataclass(frozen=True)
class Difference:
    """`moved` are rules that stand elsewhere among those that both have, as few as explain it."""

    added: tuple[Entry, ...]
    removed: tuple[Entry, ...]
    moved: tuple[Entry, ...]
    changed: tuple[Changed, ...]
    modules_added: tuple[Entry, ...]
    modules_removed: tuple[Entry, ...]
    modules_changed: tuple[Changed, ...]
    settings: tuple[Member, ...]

    def __bool__(self) -> bool:
        return any(vars(self).values())

    @property
    def words(self) -> str:
        """All of it in one line."""
        said = [
            *_said("added", "rule", [rule["name"] for rule in self.added]),
            *_said("removed", "rule", [rule["name"] for rule in self.removed]),
            *_said("changed", "rule", [rule.after["name"] for rule in self.changed]),
            *_said("moved", "rule", [rule["name"] for rule in self.moved]),
            *_said("added", "module", [module["name"] for module in self.modules_added]),
            *_said("removed", "module", [module["name"] for module in self.modules_removed]),
            *_said("changed", "module", [module.after["name"] for module in self.modules_changed]),
            *_said("changed", "setting", [setting.name for setting in self.settings]),
        ]
        return "; ".join(said) or "nothing"


def difference(before: Revision, after: Revision, *, going_back: bool = False) -> Difference:
    """How `after` is not as `before`. With `going_back` without what going back to an earlier revision leaves."""
    rules = _both(before["rules"], after["rules"], "id")
    modules = _both(before["modules"], after["modules"], "name")
    settings = _members(flat(before["settings"]), flat(after["settings"]))
    return Difference(
        added=rules.added,
        removed=rules.removed,
        moved=_moved(before["rules"], after["rules"]),
        changed=tuple(_changed(rules.pairs, FIELDS)),
        modules_added=modules.added,
        modules_removed=modules.removed,
        modules_changed=tuple(_changed(modules.pairs, ())),
        settings=tuple(one for one in settings if not (going_back and one.name.startswith(APART + "."))),
    )


def flat(value: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Members of members by their dotted names."""
    found: dict[str, Any] = {}
    for name, member in value.items():
        if isinstance(member, Mapping):
            found |= flat(member, f"{above}{name}.")
        else:
            found[above + name] = member
    return found


def lines_of(text: str) -> list[str]:
    """Its lines as Python and the editor count them: `splitlines` would count more."""
    found = LINE_END.split(text)
    return found if found[-1] else found[:-1]


def lines(before: str, after: str) -> list[Line]:
    """Two texts line by line, with a few lines around each change."""
    old, new = lines_of(before), lines_of(after)
    made: list[Line] = []
    end = 0
    for group in difflib.SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(CONTEXT):
        if group[0][1] > end:
            made.append(Line("gap", None, None, ""))
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                made += [Line("same", i + 1, i - i1 + j1 + 1, old[i]) for i in range(i1, i2)]
            else:
                made += [Line("removed", i + 1, None, old[i]) for i in range(i1, i2)]
                made += [Line("added", None, j + 1, new[j]) for j in range(j1, j2)]
        end = group[-1][2]
    if made and end < len(old):
        made.append(Line("gap", None, None, ""))
    return made


def of_json(before: Any, after: Any) -> list[Line]:
    """Two JSON values line by line; None has no lines."""
    return lines(_text(before), _text(after))


class _Both(NamedTuple):
    added: tuple[Entry, ...]
    removed: tuple[Entry, ...]
    pairs: tuple[tuple[Entry, Entry], ...]


def _both(before: Sequence[Entry], after: Sequence[Entry], key: str) -> _Both:
    old, new = ({entry[key]: entry for entry in side} for side in (before, after))
    return _Both(
        tuple(entry for entry in after if entry[key] not in old),
        tuple(entry for entry in before if entry[key] not in new),
        tuple((old[entry[key]], entry) for entry in after if entry[key] in old),
    )


def _changed(pairs: Sequence[tuple[Entry, Entry]], fields: Sequence[str]) -> Iterator[Changed]:
    for before, after in pairs:
        members = _members({name: before[name] for name in fields}, {name: after[name] for name in fields})
        script = before["sha256"] != after["sha256"]
        if members or script:
            yield Changed(before, after, members, script)


def _members(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Member, ...]:
    names = [*before, *(name for name in after if name not in before)]
    members = (Member(name, before.get(name), after.get(name)) for name in names)
    return tuple(one for one in members if one.before != one.after)


def _moved(before: Sequence[Entry], after: Sequence[Entry]) -> tuple[Entry, ...]:
    common = {entry["id"] for entry in before} & {entry["id"] for entry in after}
    old, new = ([entry["id"] for entry in side if entry["id"] in common] for side in (before, after))
    blocks = difflib.SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
    moved = common.difference(*(old[block.a : block.a + block.size] for block in blocks))
    return tuple(entry for entry in after if entry["id"] in moved)


def _said(what: str, kind: str, names: Sequence[str]) -> Iterator[str]:
    if names:
        shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        yield f"{what} {kind if len(names) == 1 else kind + 's'} {shown}"


def _text(value: Any) -> str:
    return "" if value is None else json.dumps(value, indent=2, ensure_ascii=False)
