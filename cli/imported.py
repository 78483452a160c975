"""What a service says of tenants, and of one that was imported."""

from __future__ import annotations

from typing import Literal

import msgspec


class Listed(msgspec.Struct, frozen=True):
    id: str


class Tenants(msgspec.Struct, frozen=True):
    tenants: list[Listed]


class Difference(msgspec.Struct, frozen=True):
    kind: str
    name: str
    how: Literal["missing", "changed", "more"]


class Missing(msgspec.Struct, frozen=True):
    configuration: list[str]
    hook_secrets: list[str]


class Done(msgspec.Struct, frozen=True):
    """As `PUT /v1/tenants/{tenant}/import` answers."""

    tenant: str
    outcome: Literal["made", "replaced", "unchanged"]
    dry_run: bool
    revision: int
    differences: list[Difference]
    missing: Missing


class Refusal(msgspec.Struct, frozen=True):
    """A tenant that is there, and another."""

    tenant: str
    differences: list[Difference]
