"""`GET /v1/traffic`: what the newest recorded executions say together."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated

import msgspec
from starlette.responses import Response

from api.body import json_response
from api.call import Call
from api.executions import MOST_BYTES
from api.filters import PAGE
from engine.execution_id import first_id
from engine.record import moment
from engine.store.executions import Filter
from engine.traffic import Tally

DAY, WEEK = 24 * 60, 7 * 24 * 60  # minutes
MOST = 1_000
USUAL = 500
NANOSECONDS = 60 * 10**9  # of a minute

now = time.time_ns


class Window(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    limit: Annotated[int, msgspec.Meta(ge=1, le=MOST, description=f"how many executions at most, 1 to {MOST}")] = USUAL
    minutes: Annotated[int, msgspec.Meta(ge=1, le=WEEK, description=f"of how many minutes, 1 to {WEEK}")] = DAY


async def traffic(call: Call) -> Response:
    """What the newest recorded executions say together. Of a tenant that records a share of its logins, it is that
    share that is counted."""
    asked = call.query(Window)
    recording = (await call.service.live.revision(call.tenant)).settings.recording
    until = now()
    since = until - asked.minutes * NANOSECONDS
    which = Filter(first=first_id(since))
    tally, left = Tally(recording), asked.limit
    size, found = 0, True
    while found and left > 0 and size < MOST_BYTES and tally.unreadable < MOST:
        page = await call.service.records.page(call.tenant, which, min(PAGE, left))
        for record in page.records:
            tally.add(record)
            size += len(bytes(record.user)) + len(bytes(record.context))
            await asyncio.sleep(0)  # a long one takes a tenth of a second, and logins wait meanwhile
        tally.unreadable += len(page.unreadable)
        left -= len(page.records)
        found = page.last is not None
        if found:
            which = msgspec.structs.replace(which, before=page.last)
    more = found and (await call.service.records.page(call.tenant, which, 1)).last is not None
    return json_response(tally.traffic(moment(since), moment(until), more=more))
