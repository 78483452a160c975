"""The screens on which rules are written and tried."""

from __future__ import annotations

from starlette.responses import Response

from api.console.visit import Visit

async def try_(visit: Visit) -> Response:
    """One login and what the rules make of it, recorded nowhere."""
    return visit.page("try.html")
