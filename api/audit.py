"""The audit log over HTTP, for administrators: who changed what, when, and how it was before and after."""

from __future__ import annotations

from starlette.responses import Response

from api.body import json_response
from api.call import Call
from api.errors import ApiError
from api.filters import EXECUTION_ID, id_at, limit_of
from engine.execution_id import first_id, last_id
from engine.store.audit import ACTS, Which

FILTERS = ("act", "by", "what", "since", "until", "tenants", "cursor", "limit")
PAGE = 50
MOST = 500


async def every(call: Call) -> Response:
    """Newest first, in pages: `cursor` is where the next page starts. Those of the tenant acted on, which may have been
    ended; with `tenants=all` those of every tenant, and of the service itself."""
    given = dict(call.request.query_params)
    for name in given:
        if name not in FILTERS:
            text = f"`{name[:40]}`: there is no such filter; known are {', '.join(FILTERS)}"
            raise ApiError("invalid_request", text)
    if given.get("tenants", "all") != "all":
        raise ApiError("invalid_request", f"`tenants`: `{given['tenants'][:40]}` is not `all`")
    cursor = given.get("cursor")
    if cursor is not None and not EXECUTION_ID.fullmatch(cursor):
        raise ApiError("invalid_request", "`cursor`: not one that a page ended with")
    limit = limit_of(given, PAGE, MOST)
    which = Which(
        tenant=None if "tenants" in given else call.tenant,
        acts=_acts(given.get("act")),
        by=given.get("by"),
        what=given.get("what"),
        first=id_at(given, "since", first_id),
        last=id_at(given, "until", last_id),
        beneath=cursor,
    )
    found = await call.service.store.audit(which, limit)
    return json_response({"entries": found, "cursor": found[-1].id if len(found) == limit else None})


def _acts(text: str | None) -> tuple[str, ...] | None:
    """An act, or all of its kind: what stands before the dot."""
    if text is None:
        return None
    found = tuple(act for act in ACTS if text in (act, act.partition(".")[0]))
    if not found:
        raise ApiError("invalid_request", f"`act`: `{text[:40]}` is none of {', '.join(ACTS)}")
    return found
