"""What a push would do: rules that would be made, changed or taken out, and what somebody else has changed since."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import msgspec

from cli.client import Client
from cli.refusal import Refused
from cli.seen import Entry, Seen
from engine.folder import MODULES, FolderRule, read_folder, read_modules
from engine.library import sha256
from engine.models import ALWAYS, Conditions, OnFailure

# Modules stand in a plan like rules, under a name that no rule has: that of their file.
PREFIX = f"{MODULES}/"
FIELDS = ("order", "enabled", "on_failure", "conditions")
SIGNS = {"create": "+", "change": "~", "delete": "-"}


class LiveRule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule as `GET /v1/rules` shows it. `draft` is what somebody has saved and not deployed."""

    id: str
    name: str
    script: str
    version: int
    sha256: str
    order: int
    enabled: bool
    on_failure: OnFailure
    conditions: Conditions = ALWAYS
    live: bool
    created_at: datetime
    draft: Any = None


class LiveModule(msgspec.Struct, frozen=True):
    """A module as the service shows it."""

    name: str
    version: int
    sha256: str
    script: str = ""

    def as_rule(self) -> LiveRule:
        return LiveRule(
            id=self.name,
            name=PREFIX + self.name,
            script=self.script,
            version=self.version,
            sha256=self.sha256,
            order=0,
            enabled=True,
            on_failure="deny",
            live=True,
            created_at=datetime.min,
        )


class Listed(msgspec.Struct, frozen=True):
    revision: int
    rules: list[LiveRule]


class Modules(msgspec.Struct, frozen=True):
    revision: int
    modules: list[LiveModule]


class Service(msgspec.Struct, frozen=True):
    """The live rules of a service in the order they run, behind its modules, and the names of those rules that somebody
    has saved only."""

    revision: int
    rules: dict[str, LiveRule]
    saved: frozenset[str]

    @property
    def only_rules(self) -> dict[str, LiveRule]:
        return {name: rule for name, rule in self.rules.items() if not is_module(name)}

    @property
    def modules(self) -> dict[str, str]:
        """Their scripts."""
        return {rule.id: rule.script for name, rule in self.rules.items() if is_module(name)}

    def seen(self, url: str) -> Seen:
        return Seen(
            service=url, revision=self.revision, rules={name: entry_of(rule) for name, rule in self.rules.items()}
        )


class Named(Entry, frozen=True, kw_only=True):
    name: str


class Put(msgspec.Struct, frozen=True):
    """What `PUT /v1/rules` answers."""

    revision: int
    rules: list[Named]
    modules: list[LiveModule]

    def seen(self, url: str) -> Seen:
        modules = {PREFIX + module.name: entry_of(module.as_rule()) for module in self.modules}
        rules = {rule.name: entry_of(rule) for rule in self.rules}
        return Seen(service=url, revision=self.revision, rules=modules | rules)


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """`aside` says that somebody has saved another state of the rule, which would not be the saved one any more."""

    kind: Literal["create", "change", "delete"]
    name: str
    before: LiveRule | None
    after: FolderRule | None
    aside: bool = False

    def fields(self) -> dict[str, tuple[Any, Any]]:
        """The fields that differ besides the script, each before and after; a module has none."""
        if is_module(self.name):
            return {}
        none = {"conditions": ALWAYS}  # of a rule that is not there
        pairs = {
            name: (getattr(self.before, name, none.get(name)), getattr(self.after, name, none.get(name)))
            for name in FIELDS
        }
        return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}

    def diff(self) -> list[str]:
        """The unified diff of the script."""
        return diff(
            self.before.script if self.before else "",
            self.after.script if self.after else "",
            f"{self.name}.py version {self.before.version}" if self.before else "/dev/null",
            f"{self.name}.py" if self.after else "/dev/null",
        )


class Conflict(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that this plan would change, and that is not on the service as it was last seen."""

    name: str
    seen: Entry | None
    found: LiveRule | None


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """`order` names the live rules in the order they would run, where that differs from the present one. `kept` are
    those that are not in the folder and stay."""

    revision: int
    changes: list[Change]
    order: list[str]
    kept: list[str]
    conflicts: list[Conflict]

    def count(self, kind: str) -> int:
        return sum(change.kind == kind for change in self.changes)


def live_rules(client: Client) -> Service:
    """What is live. Raises `Refused`."""
    # The number of the older look: what went live between the two is then a conflict, and not overlooked.
    modules = client.get("/v1/modules", Modules)
    listed = client.get("/v1/rules", Listed)
    # Of the same order the one that was created first; the list is in the order of what is saved.
    live = sorted((rule for rule in listed.rules if rule.live), key=lambda rule: (rule.order, rule.created_at))
    saved = frozenset(rule.name for rule in listed.rules if not rule.live or rule.draft is not None)
    both = [*(module.as_rule() for module in modules.modules), *live]
    return Service(min(modules.revision, listed.revision), {rule.name: rule for rule in both}, saved)


def is_module(name: str) -> bool:
    return name.startswith(PREFIX)


def in_folder(folder: Path) -> list[FolderRule]:
    """The modules and rules of a folder. Raises `BadFile`."""
    modules = read_modules(folder)
    return [
        *(
            FolderRule(name=PREFIX + name, script=script, order=0, enabled=True, on_failure="deny")
            for name, script in modules.items()
        ),
        *read_folder(folder),
    ]


def make_plan(folder: Sequence[FolderRule], service: Service, seen: Seen | None, prune: bool) -> Plan:
    """What makes the service as the folder is; rules that are not in the folder go with `prune` only."""
    wanted = {rule.name: rule for rule in folder}
    changes = []
    for name, rule in wanted.items():
        before = service.rules.get(name)
        if before is None:
            changes.append(Change(kind="create", name=name, before=None, after=rule, aside=name in service.saved))
        elif not is_as(before, rule):
            changes.append(Change(kind="change", name=name, before=before, after=rule, aside=name in service.saved))
    others = [name for name in service.rules if name not in wanted]
    if prune:
        changes += [Change(kind="delete", name=name, before=service.rules[name], after=None) for name in others]
    kept = [] if prune else others
    present = list(service.only_rules)
    orders = {name: service.rules[name].order for name in kept} | {name: rule.order for name, rule in wanted.items()}
    orders = {name: order for name, order in orders.items() if not is_module(name)}
    # As the service does it: of the same order the one that was created first.
    then = sorted(
        orders, key=lambda name: (orders[name], present.index(name) if name in service.rules else len(present))
    )
    return Plan(
        revision=service.revision,
        changes=changes,
        order=then if [name for name in then if name in service.rules] != [n for n in present if n in orders] else [],
        kept=kept,
        conflicts=[] if seen is None else _conflicts(changes, seen),
    )


def _conflicts(changes: Sequence[Change], seen: Seen) -> list[Conflict]:
    found = []
    for change in changes:
        was = seen.rules.get(change.name)
        now = change.before
        if (was is None) != (now is None) or (was and now and not is_unchanged(now, was)):
            found.append(Conflict(name=change.name, seen=was, found=now))
    return found


def is_as(live: LiveRule, rule: FolderRule) -> bool:
    return live.script == rule.script and all(getattr(live, name) == getattr(rule, name) for name in FIELDS)


def is_unchanged(live: LiveRule, seen: Entry) -> bool:
    """Whether it is the same rule, and decides the same; going back to an earlier version is no change."""
    return entry_of(live) == msgspec.structs.replace(seen, version=live.version)


def entry_of(rule: LiveRule | Entry) -> Entry:
    return Entry(
        id=rule.id,
        version=rule.version,
        sha256=rule.sha256,
        order=rule.order,
        enabled=rule.enabled,
        on_failure=rule.on_failure,
        conditions=rule.conditions,
    )


def require_whole(rule: LiveRule) -> None:
    """Raises `Refused` where the script is not the one that its digest was taken of."""
    if sha256(rule.script) != rule.sha256:
        raise Refused(f"the service's script of rule `{rule.name}` is not the one of its sha256: nothing was written")


def diff(before: str, after: str, old: str, new: str) -> list[str]:
    lines = difflib.unified_diff(_lines(before), _lines(after), old, new, lineterm="")
    return list(lines)


def _lines(script: str) -> list[str]:
    """Its lines, in which a difference of line ends shows: not `splitlines`, which takes more than `\\n` for one."""
    if not script:
        return []
    lines = script.split("\n")
    return lines[:-1] if not lines[-1] else [*lines[:-1], f"{lines[-1]} (no line end)"]
