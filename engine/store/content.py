"""A tenant as a whole, as it is copied and compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal

import msgspec

from engine.models import ModuleVersion, PipelineRule, Revision, Rule, RuleVersion, Tenant
from engine.store.cases import KeptCases
from engine.store.configurations import SealedSet
from engine.store.deltas import Delta
from engine.store.hook_secrets import SealedSecret
from engine.store.shadows import Shadow


class KeptRule(msgspec.Struct, frozen=True, kw_only=True):
    saved: PipelineRule
    created_at: datetime
    updated_at: datetime
    deleted: bool


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """All of a tenant but its records and its audit log. `rules` stand in the order they were made, deleted ones too;
    all others the oldest first. `live` is what the last delta leads to."""

    tenant: Tenant
    rules: tuple[KeptRule, ...]
    versions: tuple[RuleVersion, ...]
    cases: tuple[KeptCases, ...]
    modules: tuple[ModuleVersion, ...]
    revisions: tuple[Delta, ...]
    live: Revision
    configuration: SealedSet | None
    hook_secrets: tuple[SealedSecret, ...]
    shadow: Shadow | None


class State(msgspec.Struct, frozen=True, kw_only=True):
    """What a tenant is at present, without how it came to be so."""

    rules: Sequence[Rule]
    cases: Sequence[KeptCases]
    live: Revision
    configuration: SealedSet | None
    hook_secrets: Sequence[SealedSecret]


Kind = Literal["settings", "rule", "cases", "order", "module", "configuration", "hook_secret"]


class Deviation(msgspec.Struct, frozen=True, order=True):
    """`missing` is what is not here, `more` what is only here."""

    kind: Kind
    name: str
    how: Literal["changed", "missing", "more"]


# From what is there, how it is not what is to be put; raises to stop.
Compare = Callable[[State], Sequence[Deviation]]


class Values(msgspec.Struct, frozen=True, kw_only=True):
    """Values of what `Content` only names: the configuration, sealed for the number of its set, and the secrets of
    issuers."""

    configuration: Callable[[int], bytes]
    hook_secrets: Sequence[SealedSecret]


class Put(msgspec.Struct, frozen=True, kw_only=True):
    outcome: Literal["made", "replaced", "unchanged"]
    live: Revision
    differences: Sequence[Deviation] = ()
