"""Who a token is for, as the service sees it."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from api.body import json_response
from api.call import Call
from api.callers import SCOPES

LAST = 253_402_300_799  # the end of the year 9999: what clients can read as a time


class WhoAsks(msgspec.Struct, frozen=True):
    """Whom the records name, whose things the token is for, and what it allows."""

    subject: str
    tenant: str
    scopes: list[str]
    expires_at: Annotated[int | None, Meta(description="seconds since 1970; null for what does not expire")]


async def caller(call: Call) -> Response:
    """Who you are here: the subject, tenant and scopes of your token."""
    who = call.caller
    scopes = [scope for scope in SCOPES if scope in who.scopes]
    expires = None if who.expires_at is None else min(who.expires_at, LAST)
    return json_response(WhoAsks(who.subject, who.tenant, scopes, expires))
