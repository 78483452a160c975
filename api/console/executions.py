"""Executions, the newest first: found by filters that stand in the address, so that a list can be handed on."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from api.console.asking import Refused
from api.console.visit import Visit

FILTERS = ("decision", "user", "client", "rule", "outcome", "claim", "since", "until")
PAGE = 50
NOTHING: dict[str, Any] = {"executions": [], "cursor": None, "unreadable": 0}


async def every(visit: Visit) -> Response:
    """One page of the list."""
    query = visit.query
    filters = {name: query[name] for name in FILTERS if name in query}
    refused, found = None, dict(NOTHING)
    try:
        found = await visit.api.get("/v1/executions", **filters, cursor=query.get("cursor"), limit=PAGE)
    except Refused as error:
        if error.status != 400:
            raise
        refused = error
    return visit.page(
        "executions.html",
        400 if refused else 200,
        filters=filters,
        found=found,
        refused=refused,
        narrowed=urlencode(filters),
        first="cursor" not in query,
        live=query.get("live") == "on",
        base=str(visit.request.base_url).rstrip("/"),
    )
