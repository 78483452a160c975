"""The file of an export, line by line: JSON, one thing to a line, so that two can be compared and any tool can read it.

A tenant is a section: `tenant` first, then `module`, `rule` with `version` and `cases`, `revision`, `configuration`,
`hook_secret`, `shadow` and `secrets`, and `end` last, which has the digest of all before it. What a section says
follows from what the tenant is alone: twice exported it is the same. A file has a line `export`, which names its
tenants, and their sections.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from engine.models import (
    ALWAYS,
    CONFIGURATION_KEY,
    Conditions,
    Message,
    ModuleName,
    OnFailure,
    PipelineModule,
    PipelineRule,
    RuleName,
    TenantSettings,
)
from engine.store.content import Content, KeptRule
from engine.store.deltas import Delta
from engine.store.tables import LARGEST

FORMAT = 1
LONGEST_LINE = 8 * 1024 * 1024  # bytes
EARLIEST, LATEST = 1970, 9000  # years that every database and every time zone can hold

TenantName = Annotated[str, Meta(pattern=r"\A[a-z0-9][a-z0-9_-]{0,62}\Z")]
RuleId = Annotated[str, Meta(pattern=r"\Arul_[a-z0-9]{20}\Z")]
Sha256 = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
Number = Annotated[int, Meta(ge=1, le=LARGEST)]
Order = Annotated[int, Meta(ge=0, le=LARGEST)]
Subject = Annotated[str, Meta(max_length=255)]
Instant = Annotated[datetime, Meta(tz=True)]
Key = Annotated[str, Meta(pattern=CONFIGURATION_KEY)]
Issuer = Annotated[str, Meta(pattern=r"\A[a-z0-9-]{1,40}\Z")]
SecretId = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9_-]{0,63}\Z")]
SecretType = Annotated[str, Meta(pattern=r"\A[a-z_]{1,40}\Z")]
Base64 = Annotated[str, Meta(max_length=LONGEST_LINE)]


class _Timed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, datetime) and not EARLIEST <= value.year <= LATEST:
                raise ValueError(f"`{name}` is not a time of this world")


class _Line(_Timed, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    pass


class ExportLine(_Line, frozen=True, tag="export"):
    """The first of a file, which has the sections of these tenants in this order."""

    format: int
    made_at: Instant
    tenants: tuple[TenantName, ...]


class TenantLine(_Line, frozen=True, tag="tenant"):
    format: int
    tenant: TenantName
    created_at: Instant


class ModuleLine(_Line, frozen=True, tag="module"):
    """A version of a module."""

    name: ModuleName
    number: Number
    created_at: Instant
    created_by: Subject
    sha256: Sha256
    script: str


class RuleEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rule as it is saved, or as a revision holds it."""

    id: RuleId
    name: RuleName
    version: Number
    sha256: Sha256
    order: Order
    enabled: bool
    on_failure: OnFailure
    conditions: Conditions = ALWAYS
    imports: tuple[ModuleName, ...] = ()


class RuleLine(_Line, frozen=True, tag="rule"):
    saved: RuleEntry
    created_at: Instant
    updated_at: Instant
    deleted: bool


class VersionLine(_Line, frozen=True, tag="version"):
    """A version of a rule."""

    rule: RuleId
    number: Number
    created_at: Instant
    created_by: Subject
    sha256: Sha256
    script: str


class CasesLine(_Line, frozen=True, tag="cases"):
    """The cases beside a rule: the text of their file. There may be persons in it."""

    rule: RuleId
    text: str
    updated_at: Instant
    updated_by: Subject


class ModuleEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: ModuleName
    version: Number
    sha256: Sha256
    imports: tuple[ModuleName, ...] = ()


class RevisionLine(_Line, frozen=True, tag="revision"):
    """What is another than in the revision before: rules that are new or others; where those are not the same or not in
    the same order, the ids of all as they run; modules and settings, all of them, where any is another."""

    number: Number
    created_at: Instant
    created_by: Subject
    restores: Number | None
    rules: tuple[RuleEntry, ...]
    order: tuple[RuleId, ...] | UnsetType = UNSET
    modules: tuple[ModuleEntry, ...] | UnsetType = UNSET
    settings: TenantSettings | UnsetType = UNSET
    message: Message | UnsetType = UNSET  # where something was said


class NamedValue(_Timed, frozen=True):
    key: Key
    set_at: Instant
    set_by: Subject


class ConfigurationLine(_Line, frozen=True, tag="configuration"):
    """The names of the live set."""

    number: Number
    created_at: Instant
    created_by: Subject
    values: tuple[NamedValue, ...]


class HookSecretLine(_Line, frozen=True, tag="hook_secret"):
    issuer: Issuer
    id: SecretId
    type: SecretType
    set_at: Instant
    set_by: Subject


class ShadowLine(_Line, frozen=True, tag="shadow"):
    """Rules on trial: all of them. `number` is 0 where they were never live."""

    number: Annotated[int, Meta(ge=0, le=LARGEST)]
    created_at: Instant
    created_by: Subject
    restores: Number | None
    rules: tuple[RuleEntry, ...]
    modules: tuple[ModuleEntry, ...]
    settings: TenantSettings
    started_at: Instant
    started_by: Subject


class SecretsLine(_Line, frozen=True, tag="secrets"):
    """The values of the configuration and of issuers' secrets, sealed under a passphrase."""

    kdf: Literal["scrypt"]
    n: int
    r: int
    p: int
    salt: Base64
    nonce: Base64
    sealed: Base64


class EndLine(_Line, frozen=True, tag="end"):
    """How many lines the section has before this one, and the SHA-256 of their bytes, ends of lines included."""

    lines: int
    sha256: Sha256


Line = (
    TenantLine
    | ModuleLine
    | RuleLine
    | VersionLine
    | CasesLine
    | RevisionLine
    | ConfigurationLine
    | HookSecretLine
    | ShadowLine
    | SecretsLine
    | EndLine
)

_encode = msgspec.json.Encoder().encode


def encoded(line: Line | ExportLine) -> bytes:
    return _encode(line) + b"\n"


def lines_of(content: Content) -> Iterator[bytes]:
    """The section of a tenant, without `secrets` and `end`."""
    yield encoded(TenantLine(format=FORMAT, tenant=content.tenant.id, created_at=content.tenant.created_at))
    for module in content.modules:
        yield encoded(msgspec.convert(module, ModuleLine, from_attributes=True))
    versions: dict[str, list[bytes]] = {}
    for version in content.versions:
        line = VersionLine(
            rule=version.rule_id,
            number=version.number,
            created_at=version.created_at,
            created_by=version.created_by,
            sha256=version.sha256,
            script=version.script,
        )
        versions.setdefault(version.rule_id, []).append(encoded(line))
    cases = {one.rule_id: one for one in content.cases}
    for rule in content.rules:
        yield encoded(_rule_line(rule))
        yield from versions[rule.saved.id]
        if (kept := cases.get(rule.saved.id)) is not None:
            yield encoded(
                CasesLine(rule=kept.rule_id, text=kept.text, updated_at=kept.updated_at, updated_by=kept.updated_by)
            )
    for one in content.revisions:
        yield encoded(_revision_line(one))
    if content.configuration is not None:
        yield encoded(
            ConfigurationLine(
                number=content.configuration.number,
                created_at=content.configuration.created_at,
                created_by=content.configuration.created_by,
                values=tuple(
                    msgspec.convert(one, NamedValue, from_attributes=True) for one in content.configuration.entries
                ),
            )
        )
    for secret in content.hook_secrets:
        yield encoded(msgspec.convert(secret, HookSecretLine, from_attributes=True))
    if content.shadow is not None:
        revision = content.shadow.revision
        yield encoded(
            ShadowLine(
                number=revision.number,
                created_at=revision.created_at,
                created_by=revision.created_by,
                restores=revision.restores,
                rules=_entries(revision.rules),
                modules=_modules(revision.modules),
                settings=revision.settings,
                started_at=content.shadow.started_at,
                started_by=content.shadow.started_by,
            )
        )


def end_of(lines: list[bytes]) -> bytes:
    return encoded(EndLine(lines=len(lines), sha256=hashlib.sha256(b"".join(lines)).hexdigest()))


def _rule_line(rule: KeptRule) -> RuleLine:
    (saved,) = _entries((rule.saved,))
    return RuleLine(saved=saved, created_at=rule.created_at, updated_at=rule.updated_at, deleted=rule.deleted)


def _revision_line(one: Delta) -> RevisionLine:
    return RevisionLine(
        number=one.number,
        created_at=one.created_at,
        created_by=one.created_by,
        restores=one.restores,
        message=one.message or UNSET,
        rules=_entries(one.rules),
        order=UNSET if one.order is None else one.order,
        modules=UNSET if one.modules is None else _modules(one.modules),
        settings=UNSET if one.settings is None else one.settings,
    )


def _entries(rules: tuple[PipelineRule, ...]) -> tuple[RuleEntry, ...]:
    return tuple(RuleEntry(**msgspec.structs.asdict(rule)) for rule in rules)


def _modules(modules: tuple[PipelineModule, ...]) -> tuple[ModuleEntry, ...]:
    return tuple(ModuleEntry(**msgspec.structs.asdict(module)) for module in modules)
