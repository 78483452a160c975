"""The nouns of the engine: what is stored, what goes live, what one execution is.

All are immutable. `dict` appears only for JSON that belongs to users (claims, metadata).
Times are UTC; `datetime` where stored, milliseconds where measured.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec

OnFailure = Literal["deny", "skip"]
Decision = Literal["allow", "deny", "redirect", "step_up"]
Outcome = Literal["passed", "denied", "raised", "timed_out", "exhausted", "refused", "skipped"]

JSON = Any
Claims = dict[str, JSON]


class TenantSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Settings that decide executions, so they are part of the revision."""

    strict_claims: bool = False
    scope_changes: bool = False


class Tenant(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    created_at: datetime


class RuleVersion(msgspec.Struct, frozen=True, kw_only=True):
    """Immutable source of a rule. `sha256` is the lower-case hex digest of the UTF-8 script."""

    rule_id: str
    number: int
    script: str
    sha256: str
    created_at: datetime
    created_by: str


class PipelineRule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule as one revision holds it."""

    id: str
    name: str
    version: int
    sha256: str
    order: int
    enabled: bool
    on_failure: OnFailure


class Revision(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that decides an execution. `rules` stand in the order they run, disabled ones included."""

    tenant: str
    number: int
    rules: tuple[PipelineRule, ...]
    settings: TenantSettings
    created_at: datetime
    created_by: str
    restores: int | None = None


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule as its author sees it: the saved state, and the live one where it differs.

    `live` is the entry of the live revision, `None` while the rule was never deployed (or is deleted).
    `saved` is what the last save left: its `version` is the newest version.
    """

    id: str
    saved: PipelineRule
    live: PipelineRule | None
    created_at: datetime
    updated_at: datetime
