"""The tables, as the newest migration leaves them. A test compares the two."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.sql.elements import quoted_name

from engine.models import ALWAYS, Conditions
from engine.store.errors import Unstorable

# 32 bits: what `integer` of PostgreSQL holds.
SMALLEST = -(2**31)
LARGEST = 2**31 - 1


class Characters(TypeDecorator[str]):
    """Text that both databases can hold. PostgreSQL stores neither NUL nor a lone surrogate; SQLite would."""

    impl = Text
    cache_ok = True

    def __init__(self, field: str) -> None:
        super().__init__()
        self.field = field

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is not None:
            require_storable(self.field, value)
        return value


def require_storable(field: str, text: str) -> None:
    """Raises `Unstorable` for text that not both databases can hold."""
    if "\0" in text:
        raise Unstorable(field, "contains a NUL character")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Unstorable(field, "contains a lone surrogate") from None


class Number(TypeDecorator[int]):
    """A whole number that both databases can hold; the drivers fail in different ways on a larger one."""

    impl = Integer
    cache_ok = True

    def __init__(self, field: str) -> None:
        super().__init__()
        self.field = field

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:
        if value is not None and not SMALLEST <= value <= LARGEST:
            raise Unstorable(self.field, f"must be between {SMALLEST} and {LARGEST}")
        return value


class Declared(TypeDecorator[Conditions]):
    """Conditions of a rule, as JSON; NULL where it has none, as older versions write it."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Conditions | None, dialect: Dialect) -> str | None:
        return None if value in (None, ALWAYS) else msgspec.json.encode(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Conditions:
        return ALWAYS if value is None else msgspec.json.decode(value, type=Conditions)


class Words(TypeDecorator[tuple[str, ...]]):
    """Names of ours, which have no spaces; NULL for none, as older versions write it."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Sequence[str] | None, dialect: Dialect) -> str | None:
        return " ".join(value) if value else None

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[str, ...]:
        return tuple(value.split()) if value else ()


class Instant(TypeDecorator[datetime]):
    """A moment, aware and in UTC on both databases. SQLite keeps no time zone, so UTC is what it is given."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# Migrations can drop only what has a name.
metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


def _owner() -> Column[str]:
    return Column("tenant", Characters("tenant"), ForeignKey("tenants.id", ondelete="CASCADE"), nullable=False)


# `live` repeats the highest number in `revisions`: every replica asks for it about once a second, and `max`
# over years of revisions is no cheap question. `hook_secrets` is another text after each change of those.
tenants = Table(
    "tenants",
    metadata,
    Column("id", Characters("tenant"), primary_key=True),
    Column("created_at", Instant, nullable=False),
    Column("live", Number("revision"), nullable=False),
    Column("hook_secrets", Characters("stamp")),
)

# A deleted rule keeps its row: its versions stay readable, and activating an old revision brings it back.
rules = Table(
    "rules",
    metadata,
    Column("id", Characters("rule"), primary_key=True),
    _owner(),
    Column("sequence", Number("sequence"), nullable=False),
    Column("name", Characters("name"), nullable=False),
    Column(quoted_name("order", quote=True), Number("order"), nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("on_failure", Characters("on_failure"), nullable=False),
    Column("conditions", Declared),
    Column("imports", Words),
    Column("version", Number("version"), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("deleted", Boolean, nullable=False),
    UniqueConstraint("tenant", "sequence"),
)

rule_versions = Table(
    "rule_versions",
    metadata,
    Column("rule_id", Characters("rule"), ForeignKey("rules.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Number("version"), primary_key=True, autoincrement=False),
    Column("script", Characters("script"), nullable=False),
    Column("sha256", Characters("sha256"), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("created_by", Characters("by"), nullable=False),
    Index(None, "sha256"),
)

# What stands beside a rule, and decides nothing.
rule_cases = Table(
    "rule_cases",
    metadata,
    Column("rule_id", Characters("rule"), ForeignKey("rules.id", ondelete="CASCADE"), primary_key=True),
    Column("text", Characters("cases"), nullable=False),
    Column("count", Number("cases"), nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("updated_by", Characters("by"), nullable=False),
)

module_versions = Table(
    "module_versions",
    metadata,
    Column("tenant", Characters("tenant"), ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True),
    Column("name", Characters("module"), primary_key=True),
    Column("number", Number("version"), primary_key=True, autoincrement=False),
    Column("script", Characters("script"), nullable=False),
    Column("sha256", Characters("sha256"), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("created_by", Characters("by"), nullable=False),
    Index(None, "sha256"),
)

# The primary key is the compare-and-set: of two writers that saw the same live revision, one cannot insert.
revisions = Table(
    "revisions",
    metadata,
    Column("tenant", Characters("tenant"), ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Number("revision"), primary_key=True, autoincrement=False),
    Column("body", Characters("body"), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("created_by", Characters("by"), nullable=False),
    Column("restores", Number("revision")),
)

# An id sorts by time (`engine.execution_id`), so the primary key lists a tenant's records. Most executions are allowed:
# those are found by walking that list, the others by an index of their own.
executions = Table(
    "executions",
    metadata,
    Column("tenant", Characters("tenant"), ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True),
    Column("id", Characters("execution"), primary_key=True),
    Column("decision", Characters("decision"), nullable=False),
    Column("client", Characters("client")),
    Column("user_digest", LargeBinary),
    Column("shape", BigInteger, nullable=False),
    Column("record", LargeBinary, nullable=False),
    Index(None, "tenant", "client", "id"),
    Index(None, "tenant", "user_digest", "id"),
    Index(None, "tenant", "shape", "id"),
    Index(
        "ix_executions_tenant_decision_id",
        "tenant",
        "decision",
        "id",
        sqlite_where=text("decision <> 'allow'"),
        postgresql_where=text("decision <> 'allow'"),
    ),
)

# What executions of a shape have in common (`engine.record.marks`): each mark of it once, not once for each execution.
marks = Table(
    "marks",
    metadata,
    Column("tenant", Characters("tenant"), ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True),
    Column("shape", BigInteger, primary_key=True, autoincrement=False),
    Column("mark", Characters("mark"), primary_key=True),
    Index(None, "tenant", "mark", "shape"),
)

# `held_by` is the process that tries it, for as long as it says so often enough.
shadows = Table(
    "shadows",
    metadata,
    Column("tenant", Characters("tenant"), ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True),
    Column("body", Characters("body"), nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("started_by", Characters("by"), nullable=False),
    Column("reached", Characters("execution"), nullable=False),
    Column("impact", Characters("impact"), nullable=False),
    Column("held_by", Characters("held_by")),
    Column("held_until", Instant),
)

# A set never changes. The last one of a tenant is live; executions name theirs.
configurations = Table(
    "configurations",
    metadata,
    Column("tenant", Characters("tenant"), ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Number("configuration"), primary_key=True, autoincrement=False),
    Column("entries", Characters("configuration"), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("created_by", Characters("by"), nullable=False),
)

# By which issuers' hooks show who calls. Several of one issuer are good at a time: so one can follow another.
hook_secrets = Table(
    "hook_secrets",
    metadata,
    Column("tenant", Characters("tenant"), ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True),
    Column("issuer", Characters("issuer"), primary_key=True),
    Column("id", Characters("secret"), primary_key=True),
    Column("type", Characters("type"), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("set_at", Instant, nullable=False),
    Column("set_by", Characters("by"), nullable=False),
)

# Without a foreign key: who has ended a tenant stands here, too.
audit = Table(
    "audit",
    metadata,
    Column("id", Characters("id"), primary_key=True),
    Column("tenant", Characters("tenant")),
    Column("created_at", Instant, nullable=False),
    Column("created_by", Characters("by"), nullable=False),
    Column("act", Characters("act"), nullable=False),
    Column("what", Characters("what")),
    Column("revision", Number("revision")),
    Column("before", Characters("before")),
    Column("after", Characters("after")),
    Index(None, "tenant", "id"),
)

record_key = Table(
    "record_key",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("wrapped", LargeBinary, nullable=False),
)

# One row: since which version of these tables code can work with them (`engine.store.migrating`).
compatibility = Table(
    "compatibility",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("oldest", Characters("compatibility"), nullable=False),
)

key_check = Table(
    "key_check",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("value", LargeBinary, nullable=False),
)
