"""The audit log: who changed what, when, and how it was before and after.

An entry is written in the transaction of its change, so that neither is there without the other. Entries are only ever
added, until they are too old; those of a tenant that was ended stay, since no foreign key holds them.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import msgspec
from sqlalchemy import ColumnElement, Row, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.execution_id import CHANCE, execution_id
from engine.models import JSON, NULL, Moment, Revision
from engine.store.errors import Unstorable
from engine.store.tables import audit

# Every act, and what it says.
ACTS = {
    "tenant.create": "a tenant was made",
    "tenant.end": "a tenant was ended, with all that was its own",
    "tenant.export": "a tenant was exported with the values of its secrets, encrypted under a passphrase",
    "tenant.import": "a tenant was imported: what the file held",
    "settings.change": "settings of a tenant were changed: those that are others",
    "rule.create": "a rule was made",
    "rule.change": "a rule was changed: the fields that are others, of a script its version and SHA-256",
    "rule.deploy": "what was saved of a rule went live: the fields that are others",
    "rule.delete": "a rule was taken out of the pipeline",
    "rule.cases": "the cases beside a rule were changed: their number and SHA-256",
    "rule.order": "the whole order of the rules was set",
    "module.put": "a module was made or changed: its version and SHA-256",
    "module.delete": "a module was taken out",
    "revision.activate": "an earlier revision was made live again, as a new one",
    "shadow.start": "rules were put on trial beside the live ones",
    "shadow.end": "rules on trial were ended",
    "configuration.set": "a value of the configuration was set: its name alone",
    "configuration.delete": "a value of the configuration was deleted",
    "hook_secret.set": "a secret of an issuer was set: its id and type alone",
    "hook_secret.delete": "a secret of an issuer was deleted",
    "records.erase": "records of a person were erased: how many, and not whose",
    "secret.rotate": "the service was started with another secret, and the database is that one's now",
}
LONGEST = 16 * 1024  # bytes of JSON of one side; of a longer one its size and SHA-256 are kept

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
RANDOM = 48  # bits of an entry's id; the 22 before say which entry of its transaction it is


class Change(msgspec.Struct, frozen=True):
    """`what` is an id or name. `before` and `after` are JSON, None for what was not, or is not any more, there."""

    act: str
    what: str | None = None
    before: JSON = None
    after: JSON = None


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """`revision` is the number of the revision that the change made live; `tenant` is null for the service itself."""

    id: str
    tenant: str | None
    at: Moment
    by: str
    act: str
    what: str | None
    revision: int | None
    before: msgspec.Raw
    after: msgspec.Raw


class Which(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries: None takes all. `first` and `last` are ids that are included, `beneath` is one that is not."""

    tenant: str | None = None
    acts: tuple[str, ...] | None = None
    by: str | None = None
    what: str | None = None
    first: str | None = None
    last: str | None = None
    beneath: str | None = None


async def add(
    connection: AsyncConnection,
    tenant: str | None,
    changes: Iterable[Change],
    *,
    by: str,
    now: datetime,
    revision: Revision | None = None,
) -> None:
    """An entry for each change, in their order."""
    rows = [
        {
            "id": _id(now, place),
            "tenant": tenant,
            "created_at": now,
            "created_by": by,
            "act": change.act,
            "what": change.what,
            "revision": None if revision is None else revision.number,
            "before": _bounded(change.before),
            "after": _bounded(change.after),
        }
        for place, change in enumerate(changes)
    ]
    assert all(row["act"] in ACTS for row in rows)
    if rows:
        await connection.execute(insert(audit), rows)


async def page(connection: AsyncConnection, which: Which, limit: int) -> list[AuditEntry]:
    """Newest first."""
    query = select(audit).where(*_wanted(which)).order_by(audit.c.id.desc()).limit(limit)
    try:
        return [_entry(row) for row in await connection.execute(query)]
    except Unstorable:
        return []  # nothing is stored under such a name


async def remove_through(connection: AsyncConnection, last: str, most: int) -> int:
    """Remove up to `most` entries up to the id `last`, oldest first; answers how many."""
    oldest = select(audit.c.id).where(audit.c.id <= last).order_by(audit.c.id).limit(most).subquery()
    return (await connection.execute(delete(audit).where(audit.c.id.in_(select(oldest.c.id))))).rowcount


def _id(now: datetime, place: int) -> str:
    """Sorts by time, and in one moment by place: as an execution's id, whose chance begins with the place here."""
    microseconds = (now - EPOCH) // MICROSECOND
    chance = place << RANDOM | secrets.randbits(RANDOM)
    return execution_id(microseconds * 1000, chance.to_bytes(CHANCE, "big"))


def _bounded(value: JSON) -> str | None:
    if value is None:
        return None
    text = msgspec.json.encode(value)
    if len(text) > LONGEST:
        text = msgspec.json.encode({"left_out": {"bytes": len(text), "sha256": hashlib.sha256(text).hexdigest()}})
    return text.decode()


def _wanted(which: Which) -> list[ColumnElement[bool]]:
    wanted = [
        column == value
        for column, value in (
            (audit.c.tenant, which.tenant),
            (audit.c.created_by, which.by),
            (audit.c.what, which.what),
        )
        if value is not None
    ]
    if which.acts is not None:
        wanted.append(audit.c.act.in_(which.acts))
    if which.first is not None:
        wanted.append(audit.c.id >= which.first)
    if which.last is not None:
        wanted.append(audit.c.id <= which.last)
    if which.beneath is not None:
        wanted.append(audit.c.id < which.beneath)
    return wanted


def _entry(row: Row[tuple[object, ...]]) -> AuditEntry:
    return AuditEntry(
        id=row.id,
        tenant=row.tenant,
        at=row.created_at,
        by=row.created_by,
        act=row.act,
        what=row.what,
        revision=row.revision,
        before=_raw(row.before),
        after=_raw(row.after),
    )


def _raw(text: str | None) -> msgspec.Raw:
    return NULL if text is None else msgspec.Raw(text.encode())
