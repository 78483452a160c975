"""Revisions by what is another in each than in the one before: of a long history most stays from one to the next."""

from __future__ import annotations

from datetime import datetime

import msgspec

from engine.models import PipelineModule, PipelineRule, Revision, TenantSettings


class Delta(msgspec.Struct, frozen=True, kw_only=True):
    """`rules` are those that are new, or others than before. `order` has the ids of all rules as they run, where those
    are not the same or not in the same order; so with `settings` and `modules`."""

    number: int
    created_at: datetime
    created_by: str
    restores: int | None
    message: str = ""
    rules: tuple[PipelineRule, ...]
    order: tuple[str, ...] | None
    settings: TenantSettings | None
    modules: tuple[PipelineModule, ...] | None


def delta(before: Revision | None, after: Revision) -> Delta:
    was = {} if before is None else {rule.id: rule for rule in before.rules}
    order = tuple(rule.id for rule in after.rules)
    return Delta(
        number=after.number,
        created_at=after.created_at,
        created_by=after.created_by,
        restores=after.restores,
        message=after.message,
        rules=tuple(rule for rule in after.rules if was.get(rule.id) != rule),
        order=order if before is None or order != (*was,) else None,
        settings=after.settings if before is None or after.settings != before.settings else None,
        modules=after.modules if before is None or after.modules != before.modules else None,
    )


def applied(before: Revision | None, delta: Delta, tenant: str) -> Revision:
    """The revision again. Raises `ValueError` for what is no delta to the one before."""
    was = {} if before is None else {rule.id: rule for rule in before.rules}
    entries = was | {rule.id: rule for rule in delta.rules}
    order = (*was,) if delta.order is None else delta.order
    settings, modules = delta.settings, delta.modules
    if before is not None:
        settings, modules = settings or before.settings, before.modules if modules is None else modules
    if settings is None or modules is None:
        raise ValueError("the first revision has to have `settings` and `modules`")
    if len({*order}) < len(order):
        raise ValueError("`order` has a rule twice")
    if missing := [rule for rule in order if rule not in entries]:
        raise ValueError(f"`order` has the rule `{missing[0]}`, of which nothing is said")
    if gone := [rule.id for rule in delta.rules if rule.id not in {*order}]:
        raise ValueError(f"the rule `{gone[0]}` is not in `order`")
    return Revision(
        tenant=tenant,
        number=delta.number,
        rules=tuple(entries[rule] for rule in order),
        settings=settings,
        modules=modules,
        created_at=delta.created_at,
        created_by=delta.created_by,
        restores=delta.restores,
        message=delta.message,
    )
