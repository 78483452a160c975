"""By what a tenant is not what an export says: what it is now alone counts, and not how it came to be so.

Numbers of versions and revisions are left aside, and so are ids: rules are known by their names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from engine.models import PipelineRule, Revision
from engine.store.cases import KeptCases
from engine.store.content import Content, Deviation, Kind, State

FIELDS = ("name", "sha256", "order", "enabled", "on_failure", "conditions")


class Secrets(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Values in clear. Those of issuers' secrets are JSON text, by issuer and id: `hydra/2026-11`."""

    configuration: dict[str, str]
    hook_secrets: dict[str, str]

    def __repr__(self) -> str:
        return f"<Secrets: {len(self.configuration)} and {len(self.hook_secrets)}>"


Things = Mapping[tuple[Kind, str], Any]  # what there is, by kind and name


def differences(content: Content, state: State, wanted: Secrets | None, present: Secrets | None) -> list[Deviation]:
    """Sorted. Secrets are compared where both are given."""
    kept = [rule.saved for rule in content.rules if not rule.deleted]
    then = _things(kept, content.cases, content.live)
    now = _things([rule.saved for rule in state.rules], state.cases, state.live)
    if wanted is not None and present is not None:
        then = {**then, **_values(wanted)}
        now = {**now, **_values(present)}
    found = [Deviation(*thing, "missing") for thing in then if thing not in now]
    found += [Deviation(*thing, "more") for thing in now if thing not in then]
    found += [Deviation(*thing, "changed") for thing in then if thing in now and then[thing] != now[thing]]
    return sorted(found)


def _things(saved: Iterable[PipelineRule], cases: Iterable[KeptCases], live: Revision) -> Things:
    texts = {one.rule_id: one.sha256 for one in cases}
    entries = {rule.id: rule for rule in live.rules}
    things: dict[tuple[Kind, str], Any] = {
        ("settings", name): getattr(live.settings, name) for name in live.settings.__struct_fields__
    }
    things["order", "the order of the live rules"] = [rule.name for rule in live.rules]
    for rule in saved:
        entry = entries.get(rule.id)
        draft = None if entry is not None and _fields(entry) == _fields(rule) else _fields(rule)
        # More than one may have a name: a revision can bring back the one that had it before.
        named = things.setdefault(("rule", (entry or rule).name), [])
        named.append((None if entry is None else _fields(entry), draft))
        named.sort(key=msgspec.json.encode)
        if rule.id in texts:
            beside = things.setdefault(("cases", (entry or rule).name), [])
            beside.append(texts[rule.id])
            beside.sort()
    for module in live.modules:
        things["module", module.name] = module.sha256
    return things


def _values(secrets: Secrets) -> Things:
    values: dict[tuple[Kind, str], Any] = {("configuration", key): text for key, text in secrets.configuration.items()}
    return values | {("hook_secret", key): text for key, text in secrets.hook_secrets.items()}


def _fields(rule: PipelineRule) -> Sequence[Any]:
    return [getattr(rule, name) for name in FIELDS]
