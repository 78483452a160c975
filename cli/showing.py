"""A plan as a person reads it before saying yes, and as a machine does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from cli.client import Client
from cli.kept import Kept, plain, words
from cli.output import BAD, CHANGED, GOOD, QUIET, Output, compact, counted
from cli.plan import FIELDS, SIGNS, Change, Conflict, LiveRule, Plan, diff, is_module
from engine.folder import FolderRule, unlisted

STYLES = {"create": GOOD, "change": CHANGED, "delete": BAD}
MOST_NAMES = 30


class Version(msgspec.Struct, frozen=True):
    version: int
    script: str
    created_at: str
    created_by: str


class Author(msgspec.Struct, frozen=True):
    """Of a revision."""

    revision: int
    created_at: str
    created_by: str


def show_plan(output: Output, plan: Plan, url: str, cases: Sequence[Kept] = ()) -> None:
    output.line(f"revision {plan.revision} is live at {url}")
    for change in plan.changes:
        output.line()
        output.line((f"{SIGNS[change.kind]} {change.kind} {change.name}", STYLES[change.kind]), _fields(change))
        if change.aside:
            output.line(("    somebody has saved a draft of it, which this puts aside", CHANGED))
        if change.kind == "change":
            output.diff(change.diff())
    if plan.order:
        output.line()
        output.line(f"then they run in this order: {_names(plan.order)}")
    output.line()
    if plan.kept:
        output.line((f"not in the folder, left as they are without --prune: {_names(plan.kept)}", QUIET))
    pushed = [one for one in cases if one.push]
    if plan.changes:
        output.line(
            f"plan: {plan.count('create')} to create, {plan.count('change')} to change, "
            f"{plan.count('delete')} to delete"
        )
    else:
        output.line("no differences in rules" if pushed else "no differences")
    for one in pushed:
        assert one.push is not None, "chosen above"
        output.line((f"{SIGNS[one.push]} cases of {one.name}", STYLES[one.push]), f"  {words(one)}")


def show_against(output: Output, name: str, here: FolderRule | None, there: LiveRule | None) -> None:
    """A rule that was edited on both sides: what of the folder differs from what is live."""
    if there is None:
        output.line((f"! {name}", BAD), "  was edited here, and is not live any more")
        return
    change = Change(kind="change", name=name, before=there, after=here)
    output.line((f"! {name}", BAD), "  was edited here and on the service", _fields(change))
    output.diff(change.diff())


def show_unlisted(output: Output, folder: Path, rules: Sequence[FolderRule]) -> None:
    if names := unlisted(folder, rules):
        output.line((f"not in rules.json, and so not looked at: {_names(names)}", CHANGED))


def show_conflicts(output: Output, plan: Plan, seen_revision: int, client: Client) -> None:
    """Whose edits the plan would undo, and what they are."""
    live = client.get(f"/v1/revisions/{plan.revision}", Author)
    output.line()
    output.line((f"{counted(len(plan.conflicts), 'conflict')} with what is on the service", BAD))
    for conflict in plan.conflicts:
        output.line()
        output.line((f"! {conflict.name}", BAD), f"  {_what(conflict, seen_revision)}")
        if conflict.found is None:
            output.line(f"    revision {live.revision} is by {live.created_by}, {live.created_at}")
            continue
        kind = "modules" if is_module(conflict.name) else "rules"
        path = f"/v1/{kind}/{conflict.found.id}/versions"
        theirs = client.get(f"{path}/{conflict.found.version}", Version)
        output.line(f"    version {theirs.version} is by {theirs.created_by}, {theirs.created_at}")
        if conflict.seen is None or conflict.seen.id != conflict.found.id:
            continue
        for name in FIELDS:
            old, new = getattr(conflict.seen, name), getattr(conflict.found, name)
            if old != new:
                output.line(
                    f"    {name}: {compact(old)} -> {compact(new)}, by {live.created_by} or somebody before them"
                )
        if conflict.seen.sha256 != conflict.found.sha256:
            ours = client.get(f"{path}/{conflict.seen.version}", Version)
            names = (f"{conflict.name}.py version {ours.version}", f"{conflict.name}.py version {theirs.version}")
            output.diff(diff(ours.script, theirs.script, *names))


def show_case_conflicts(output: Output, cases: Sequence[Kept]) -> None:
    for one in cases:
        if one.is_conflict:
            text = "changed on the service since this folder was last in step with it"
            output.line((f"! cases of {one.name}", BAD), f"  {text}")


def plain_plan(plan: Plan, folder: Path, rules: Sequence[FolderRule], cases: Sequence[Kept]) -> dict[str, Any]:
    return {
        "revision": plan.revision,
        "changes": [
            {
                "kind": change.kind,
                "rule": change.name,
                "fields": {name: {"before": old, "after": new} for name, (old, new) in change.fields().items()},
                "diff": "\n".join(change.diff()),
            }
            for change in plan.changes
        ],
        "order": plan.order,
        "kept": plan.kept,
        "unlisted": unlisted(folder, rules),
        "cases": plain(cases),
        "conflicts": [
            {"rule": conflict.name, "seen": _plain(conflict.seen), "found": _plain(conflict.found)}
            for conflict in plan.conflicts
        ],
    }


def _plain(entry: Any) -> dict[str, Any] | None:
    if entry is None:
        return None
    return {name: getattr(entry, name) for name in ("id", "version", "sha256", *FIELDS)}


def _what(conflict: Conflict, seen_revision: int) -> str:
    if conflict.found is None:
        # No number: what the folder was without for a while, its pushes have not looked at.
        return "was live when this folder last had it, and is not any more"
    if conflict.seen is None:
        return f"is on the service, and was not in revision {seen_revision}, which this folder was last in step with"
    if conflict.seen.id != conflict.found.id:
        return f"is another rule of this name than in revision {seen_revision}"
    return f"changed since revision {seen_revision}, which this folder was last in step with"


def _fields(change: Change) -> str:
    if change.kind == "delete":
        return ""
    if change.kind == "create" and change.after:
        words = [f"{name} {compact(new)}" for name, (_, new) in change.fields().items()]
        words.append(counted(change.after.script.count("\n"), "line"))
    else:
        words = [f"{name} {compact(old)} -> {compact(new)}" for name, (old, new) in change.fields().items()]
    return f"  {', '.join(words)}" if words else ""


def _names(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
