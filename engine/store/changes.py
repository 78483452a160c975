"""What a change of rules, modules or settings was, for the audit log: what is another than before, and no more.

Sources are told by their versions and SHA-256.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from engine.models import JSON, PipelineModule, PipelineRule, Revision, TenantSettings
from engine.store.audit import Change

RULE_FIELDS = ("name", "version", "sha256", "order", "enabled", "on_failure", "conditions")
MODULE_FIELDS = ("version", "sha256")

Rules = Iterable[PipelineRule]


def of_rules(before: Rules, after: Rules) -> list[Change]:
    """Rules that are new, others than before, or gone."""
    was = {rule.id: rule for rule in before}
    now = {rule.id: rule for rule in after}
    changes = []
    for rule in now.values():
        if (old := was.get(rule.id)) is None:
            changes.append(Change("rule.create", rule.id, None, _fields(rule, RULE_FIELDS)))
        elif others := _others(old, rule, RULE_FIELDS):
            changes.append(_of_rule("rule.change", old, rule, others))
    gone = [rule for rule in was.values() if rule.id not in now]
    return changes + [Change("rule.delete", rule.id, _fields(rule, RULE_FIELDS)) for rule in gone]


def of_deployed(before: PipelineRule | None, after: PipelineRule) -> list[Change]:
    """What was saved before, and is live now."""
    if before is None:
        return [Change("rule.deploy", after.id, None, _fields(after, RULE_FIELDS))]
    return [_of_rule("rule.deploy", before, after, _others(before, after, RULE_FIELDS))]


def of_cases(rule: PipelineRule, before: Mapping[str, JSON] | None, after: Mapping[str, JSON] | None) -> Change:
    sides = [None if side is None else {"name": rule.name, **side} for side in (before, after)]
    return Change("rule.cases", rule.id, *sides)


def of_order(before: Rules, after: Mapping[str, int]) -> list[Change]:
    return [Change("rule.order", None, {rule.id: rule.order for rule in before}, dict(after))]


def of_modules(before: Iterable[PipelineModule], after: Iterable[PipelineModule]) -> list[Change]:
    was = {module.name: _fields(module, MODULE_FIELDS) for module in before}
    now = {module.name: _fields(module, MODULE_FIELDS) for module in after}
    put = [Change("module.put", name, was.get(name), now[name]) for name in now if was.get(name) != now[name]]
    return put + [Change("module.delete", name, was[name]) for name in was if name not in now]


def of_settings(before: TenantSettings, after: TenantSettings) -> list[Change]:
    others = _others(before, after, TenantSettings.__struct_fields__)
    if not others:
        return []
    return [Change("settings.change", None, _fields(before, others), _fields(after, others))]


def of_activation(live: Revision, restored: Revision) -> list[Change]:
    """Numbers alone: what they hold can be read."""
    after = {"revision": restored.number, "restores": restored.restores}
    return [Change("revision.activate", str(restored.restores), {"revision": live.number}, after)]


def of_trial(revision: Revision) -> list[Change]:
    rules = [{"id": rule.id, "name": rule.name, "version": rule.version} for rule in revision.rules]
    after = {"revision": revision.number or None, "rules": rules}
    return [Change("shadow.start", None, None, after)]


def _of_rule(act: str, before: PipelineRule, after: PipelineRule, others: Sequence[str]) -> Change:
    named = ("name", *(field for field in others if field != "name"))  # an id alone tells a person nothing
    return Change(act, after.id, _fields(before, named), _fields(after, named))


def _fields(of: msgspec.Struct, names: Iterable[str]) -> dict[str, JSON]:
    return {name: msgspec.to_builtins(getattr(of, name)) for name in names}


def _others(before: msgspec.Struct, after: msgspec.Struct, names: Iterable[str]) -> list[str]:
    return [name for name in names if getattr(before, name) != getattr(after, name)]
