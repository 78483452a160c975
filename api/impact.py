"""`POST /v1/impact`: what other rules would have done to recorded logins, told while it goes on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

import msgspec
import structlog
from starlette.responses import Response, StreamingResponse

from api.call import Call
from api.errors import ApiError
from api.filters import filter_of
from api.rules import Modules
from api.trial import Draft, candidate
from engine.impact import Analysis, shown_impact

log = structlog.get_logger("claimsmith.impact")

MOST = 1_000_000


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which logins, and what would be live instead: one of `revision` and `rules`."""

    since: str
    until: str | None = None
    filter: dict[str, str] = {}
    revision: int | None = None
    rules: list[Draft] | None = None
    modules: Modules | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=MOST)] = MOST


async def impact(call: Call) -> Response:
    """One JSON object to a line: `{"replayed", "of"}` while it goes on, at last `{"impact"}`, or `{"error"}`."""
    question = await call.json(Question)
    times = {"since": question.since} | ({} if question.until is None else {"until": question.until})
    if twice := sorted({"since", "until", "cursor"} & question.filter.keys()):
        raise ApiError("invalid_request", f"`$.filter.{twice[0]}`: not a filter here")
    which = filter_of(question.filter | times, call.service.records, call.tenant)
    other = await candidate(call, question.revision, question.rules, question.modules)
    if other is None:
        raise ApiError("invalid_request", "give one of `revision` and `rules`: what would be live instead")
    service, tenant = call.service, call.tenant
    if tenant in service.analysed:
        raise ApiError("too_many_requests", "an analysis of this tenant is going on: wait until it has ended")
    recording = (await service.live.revision(tenant)).settings.recording
    analysis = Analysis(service.records, service.replayer, tenant, which, recording)

    async def lines() -> AsyncIterator[bytes]:
        # Not before: of an answer that nobody reads not even a `finally` runs.
        if tenant in service.analysed:
            yield msgspec.json.encode({"error": "too_many_requests"}) + b"\n"
            return
        service.analysed.add(tenant)
        try:
            async for progress in analysis.run(*other, question.limit):
                yield msgspec.json.encode(progress) + b"\n"
            yield msgspec.json.encode({"impact": shown_impact(analysis.impact)}) + b"\n"
        except Exception as error:
            # The status has been sent: what goes wrong now can only be said in the body.
            log.error("an analysis has failed", tenant=tenant, error=str(error))
            yield msgspec.json.encode({"error": "temporarily_unavailable"}) + b"\n"
        finally:
            service.analysed.discard(tenant)

    return StreamingResponse(lines(), media_type="application/x-ndjson")
