"""Versions of rules and modules, as both show them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from engine.models import ModuleVersion, Moment, RuleVersion


class Version(msgspec.Struct, frozen=True, kw_only=True):
    version: int
    sha256: str
    created_at: Moment
    created_by: str


class VersionScript(Version, frozen=True, kw_only=True):
    script: str


class Versions(msgspec.Struct, frozen=True):
    """The newest first."""

    versions: list[Version]


def shown_versions(found: Iterable[RuleVersion | ModuleVersion]) -> Versions:
    return Versions([Version(**_members(one)) for one in found])


def shown_version(one: RuleVersion | ModuleVersion) -> VersionScript:
    return VersionScript(**_members(one), script=one.script)


def _members(one: RuleVersion | ModuleVersion) -> dict[str, Any]:
    return {
        "version": one.number,
        "sha256": one.sha256,
        "created_at": one.created_at,
        "created_by": one.created_by,
    }
