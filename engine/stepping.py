"""A recorded execution line by line: replayed under a tracer, since a replay is exact."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from engine.models import Recording
from engine.record import Record, redaction_seen
from engine.redaction import Redaction
from engine.replay import Replay
from sandbox import timeline
from sandbox.timeline import Entry

MOST_SOURCE = 200  # characters of a line


def entries(replay: Replay) -> list[Entry]:
    """The lines of a traced replay, in order; one that names a rule which was not there is none."""
    count = len(replay.execution.trace.rules)
    return [entry for entry in timeline.read(replay.execution.timeline) if 0 <= entry.step < count]


def lines_run(replay: Replay) -> dict[int, frozenset[int]] | None:
    """Which lines ran, by the places of the rules; None where that cannot be told."""
    found: dict[int, set[int]] = {}
    if not replay.identical:
        return None
    for entry in entries(replay):
        if entry.truncated:
            return None
        found.setdefault(entry.step, set()).add(entry.line)
    return {step: frozenset(lines) for step, lines in found.items()}


def shown_timeline(replay: Replay, record: Record, scripts: Mapping[str, str], recording: Recording) -> dict[str, Any]:
    """As `GET /v1/executions/{id}/timeline` shows it. `scripts` are the sources by rule. A value is hidden where a
    record would hide it, and a variable where it would hide a member of `user` with its name."""
    redaction = redaction_seen(recording, record)
    rules = replay.execution.trace.rules
    sources = {rule.id: scripts.get(rule.id, "").split("\n") for rule in rules}
    found = entries(replay)
    lines = []
    for entry in found:
        if entry.truncated:
            continue
        rule = rules[entry.step]
        source = sources[rule.id]
        members = {name: getattr(entry, name) for name in ("function", "depth", "writes")}
        members |= {part: _hidden(redaction, getattr(entry, part)) for part in ("values", "changed")}
        ends = {name: getattr(entry, name) for name in ("returned", "raised")}
        members |= {name: value for name, value in ends.items() if value is not None}
        lines.append(
            {
                "rule": rule.name,
                "version": rule.version,
                "line": entry.line,
                "source": source[entry.line - 1][:MOST_SOURCE] if 0 < entry.line <= len(source) else None,
                **redaction.everywhere(members),
            }
        )
    return {
        "identical": replay.identical,
        "remarks": msgspec.to_builtins(replay.remarks),
        "truncated": any(entry.truncated for entry in found),
        "lines": lines,
    }


def _hidden(redaction: Redaction, values: Mapping[str, str]) -> dict[str, str]:
    hidden = {}
    for name, text in values.items():
        path = name.split(".")
        at = path if path[0] in ("user", "context") and len(path) > 1 else ["user", path[-1]]
        hidden[name] = json.dumps(redaction.masked(text, *at)) if redaction.names(at) else text
    return hidden
