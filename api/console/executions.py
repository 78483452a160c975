"""Executions, the newest first: found by filters that stand in the address, so that a list can be handed on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

from starlette.responses import Response

from api.console.asking import Api, Refused
from api.console.visit import Visit

FILTERS = ("decision", "user", "client", "rule", "claim", "since", "until")
FAILED = "failed"  # no filter of the API's: this screen looks through what the others let through
PAGE = 50
LOOKED_AT = 500  # executions in one call, where they are looked through
MOST_LOOKS = 4  # such calls for one page


class Found(NamedTuple):
    """`cursor` leads to older ones; `looked` counts those that were looked through for failed ones, `unreadable` those
    between them that cannot be opened."""

    executions: list[dict[str, Any]]
    cursor: str | None
    looked: int = 0
    unreadable: int = 0


async def every(visit: Visit) -> Response:
    """One page of the list."""
    query = visit.query
    filters = {name: query[name] for name in FILTERS if name in query}
    failed = FAILED in query
    refused, found = None, Found([], None)
    try:
        look = _failed if failed else _page
        found = await look(visit.api, filters, query.get("cursor"))
    except Refused as error:
        if error.status != 400:
            raise
        refused = error
    wanted = filters | ({FAILED: "on"} if failed else {})
    return visit.page(
        "executions.html",
        400 if refused else 200,
        filters=filters,
        failed=failed,
        found=found,
        refused=refused,
        narrowed=urlencode(wanted),
        first="cursor" not in query,
        live=query.get("live") == "on",
        api_query=urlencode(filters),
        base=str(visit.request.base_url).rstrip("/"),
    )


async def _page(api: Api, filters: Mapping[str, str], cursor: str | None) -> Found:
    page = await api.get("/v1/executions", **filters, cursor=cursor, limit=PAGE)
    return Found(page["executions"], page["cursor"], unreadable=page["unreadable"])


async def _failed(api: Api, filters: Mapping[str, str], cursor: str | None) -> Found:
    """Those in which a rule failed, of the next 2,000 that the filters let through."""
    found: list[dict[str, Any]] = []
    looked = unreadable = 0
    for _ in range(MOST_LOOKS):
        page = await api.get("/v1/executions", **filters, cursor=cursor, limit=LOOKED_AT)
        unreadable += page["unreadable"]
        for one in page["executions"]:
            looked += 1
            if one["failed"]:
                found.append(one)
            if len(found) == PAGE:
                return Found(found, one["execution_id"], looked, unreadable)
        cursor = page["cursor"]
        if cursor is None:
            break
    return Found(found, cursor, looked, unreadable)
