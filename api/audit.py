"""The audit log over HTTP, for administrators: who changed what, when, and how it was before and after."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct
from starlette.responses import Response

from api.body import json_response
from api.call import Call
from api.errors import ApiError
from api.filters import PAGE, Cursor, Limit, Since, Until, id_at
from engine.execution_id import first_id, last_id
from engine.store.audit import ACTS, AuditEntry, Which

AllTenants = Literal["all"]


class AuditFilters(Struct, frozen=True):
    act: Annotated[str | None, Meta(description="what was done: an act, or the part of it before the dot")] = None
    by: Annotated[str | None, Meta(description="who did it")] = None
    what: Annotated[str | None, Meta(description="what it was done to: an id or a name")] = None
    since: Since = None
    until: Until = None
    tenants: Annotated[AllTenants | None, Meta(description="`all`: those of every tenant, and of the service")] = None
    cursor: Cursor = None
    limit: Limit = PAGE


class AuditLog(Struct, frozen=True):
    """The newest first; `cursor` leads to the next page."""

    entries: list[AuditEntry]
    cursor: str | None


async def every(call: Call) -> Response:
    """Who changed what, when. The newest first, in pages. Those of the tenant acted on, which may have been ended; with
    `tenants=all` those of every tenant, and of the service itself."""
    asked = call.query(AuditFilters)
    which = Which(
        tenant=None if asked.tenants else call.tenant,
        acts=_acts(asked.act),
        by=asked.by,
        what=asked.what,
        first=id_at("since", asked.since, first_id),
        last=id_at("until", asked.until, last_id),
        beneath=asked.cursor,
    )
    found = await call.service.store.audit(which, asked.limit)
    return json_response(AuditLog(found, found[-1].id if len(found) == asked.limit else None))


def _acts(text: str | None) -> tuple[str, ...] | None:
    """An act, or all of its kind: what stands before the dot."""
    if text is None:
        return None
    found = tuple(act for act in ACTS if text in (act, act.partition(".")[0]))
    if not found:
        raise ApiError("invalid_request", f"`act`: `{text[:40]}` is none of {', '.join(ACTS)}")
    return found
