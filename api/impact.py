"""`POST /v1/impact`: what other rules would have done to recorded logins, told while it goes on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Literal

import msgspec
import structlog
from starlette.responses import Response, StreamingResponse

from api.answers import Impact
from api.call import Call
from api.errors import ApiError
from api.filters import Filters, Like, filter_of
from api.row import Media
from api.rules import Modules
from api.trial import Draft, candidate
from engine.impact import Analysis, Progress, shown_impact

log = structlog.get_logger("claimsmith.impact")

MOST = 1_000_000


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which logins, and what would be live instead: one of `revision` and `rules`."""

    since: str
    until: str | None = None
    filter: Like = Like()
    revision: int | None = None
    rules: list[Draft] | None = None
    modules: Modules | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=MOST)] = MOST


class ImpactResult(msgspec.Struct, frozen=True):
    impact: Impact


class ImpactFailed(msgspec.Struct, frozen=True):
    """Why there is no result."""

    error: Literal["too_many_requests", "temporarily_unavailable"]


LINES = Media("application/x-ndjson", (Progress, ImpactResult, ImpactFailed))


async def impact(call: Call) -> Response:
    """What other rules would have done to recorded logins. One JSON object to a line: how far it has come, at last the
    result, or why there is none."""
    question = await call.json(Question)
    wanted = Filters(**msgspec.structs.asdict(question.filter), since=question.since, until=question.until)
    which = filter_of(wanted, call.service.records, call.tenant)
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
