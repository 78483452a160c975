"""`GET /v1/executions/tail`: executions as they happen, as server-sent events (HTML Living Standard, 9.2)."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import anyio
import msgspec
from starlette.responses import Response, StreamingResponse

from api.answers import Summary
from api.call import Call
from api.errors import ApiError
from api.filters import Filters, filter_of
from api.row import Media
from engine.following import Following
from engine.record import summary
from engine.store.errors import NotFound, StoreError

LOOK = 0.5  # seconds between two looks
ALIVE = 15.0  # seconds after which a line says that there was nothing
MOST = 20  # followers of a tenant: each asks the database at every look
FULL = f"{MOST} others follow this tenant's executions: wait until one of them has ended"


EVENTS = Media("text/event-stream", (Summary,))


async def tail(call: Call) -> Response:
    """Executions as they happen. Each is an event `execution`, as a list shows it; an event `missed` says that there
    were more than could be told, an event `unreadable` that there were some (`count`) that cannot be opened."""
    service, tenant = call.service, call.tenant
    which = filter_of(call.query(Filters), service.records, tenant)
    await service.live.revision(tenant)  # a tenant that does not exist is said first
    if service.followers[tenant] >= MOST:
        raise ApiError("too_many_requests", FULL)
    following = Following(service.records, tenant, which)

    async def counted() -> AsyncIterator[bytes]:
        # Not before: of an answer that nobody reads not even a `finally` runs.
        if service.followers[tenant] >= MOST:
            return
        service.followers[tenant] += 1
        try:
            async for event in events():
                yield event
        finally:
            service.followers[tenant] -= 1

    async def events() -> AsyncIterator[bytes]:
        said = time.monotonic()
        yield b": following\n\n"
        while not service.stopping.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(service.stopping.wait(), LOOK)
            try:
                # Who leaves meanwhile leaves after the answer: a connection to the database would be broken off.
                with anyio.CancelScope(shield=True):
                    found = await following.fresh()
                    recording = (await service.live.revision(tenant)).settings.recording
            except NotFound:
                return  # the tenant has ended
            except StoreError:
                continue  # it is asked again
            if following.missed:
                yield b"event: missed\ndata: {}\n\n"
            if following.unreadable:
                yield b"event: unreadable\ndata: %s\n\n" % msgspec.json.encode({"count": following.unreadable})
            for record in found:
                data = msgspec.json.encode(summary(record, recording))
                yield b"id: %s\nevent: execution\ndata: %s\n\n" % (record.execution_id.encode(), data)
            if found:
                said = time.monotonic()
            elif time.monotonic() - said > ALIVE:
                yield b": nothing\n\n"
                said = time.monotonic()

    return StreamingResponse(counted(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})
