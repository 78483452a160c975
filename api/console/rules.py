"""The pipeline of a tenant."""

from __future__ import annotations

from starlette.responses import Response

from api.console.visit import Visit


async def every(visit: Visit) -> Response:
    """All rules, in the order in which they run."""
    return visit.page("rules.html", rules=(await visit.api.get("/v1/rules"))["rules"])
