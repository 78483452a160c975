"""Records over HTTP: found, shown, erased, and run again."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import structlog
from starlette.responses import Response

from api.body import json_response
from api.call import Call
from api.errors import ApiError
from api.filters import filter_of, limit_of
from api.rules import Modules
from api.trial import Draft, candidate
from engine.capability import TOKENS
from engine.casing import shown_case
from engine.models import Recording
from engine.record import shown, summary
from engine.replay import shown_replay

log = structlog.get_logger("claimsmith.records")

PAGE = 50
MOST = 500
MOST_BYTES = 16 * 1024 * 1024  # of the logins that one page tells of: with long ones it is shorter


class Again(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Neither: the revision that the execution was decided by. Else one of them."""

    revision: int | None = None
    rules: list[Draft] | None = None
    modules: Modules | None = None


async def every(call: Call) -> Response:
    """Newest first, in pages: `cursor` is where the next page starts."""
    limit = limit_of(call.request.query_params, PAGE, MOST)
    recording = await _recording(call)
    given = {name: text for name, text in call.request.query_params.items() if name != "limit"}
    which = filter_of(given, call.service.records, call.tenant)
    told: list[dict[str, Any]] = []
    size, more = 0, True
    while more and len(told) < limit and size < MOST_BYTES:
        count = min(PAGE, limit - len(told))
        found = await call.service.records.page(call.tenant, which, count)
        for record in found:
            told.append(summary(record, recording))
            size += len(bytes(record.user)) + len(bytes(record.context))
            await asyncio.sleep(0)  # a long one takes a tenth of a second, and logins wait meanwhile
        more = len(found) == count
        if found:
            which = msgspec.structs.replace(which, before=found[-1].execution_id)
    return json_response({"executions": told, "cursor": which.before if told and more else None})


async def one(call: Call) -> Response:
    """The record of an execution."""
    record = await call.service.records.get(call.tenant, call.path("id"))
    return json_response(shown(record, await _recording(call)))


async def erase(call: Call) -> Response:
    """Remove a person's records, for good."""
    user = call.request.query_params.get("user")
    if not user or list(call.request.query_params) != ["user"]:
        raise ApiError("invalid_request", "say whose records to erase, and nothing else: `?user=` with a `user_id`")
    await _recording(call)  # a tenant that does not exist is said first
    count = await call.service.records.erase(call.tenant, user, by=call.by)
    log.warning("records of a person were erased", tenant=call.tenant, by=call.by, count=count)
    return json_response({"erased": count})


async def why(call: Call) -> Response:
    """Why a claim is in a token of this execution, or is not."""
    given = dict(call.request.query_params)
    token = given.pop("token", "idToken")
    claim = given.pop("claim", "")
    if given or not claim:
        text = "say which claim: `?claim=` with its name, and `token=` for another than idToken"
        raise ApiError("invalid_request", text)
    if token not in TOKENS:
        raise ApiError("invalid_request", f"`token`: `{token[:40]}` is none of {', '.join(TOKENS)}")
    await _recording(call)  # a tenant that does not exist is said first
    return json_response(await call.service.explainer.why(call.tenant, call.path("id"), claim, token))


async def case(call: Call) -> Response:
    """What a rule was given in this execution, as a case file."""
    given = dict(call.request.query_params)
    rule = given.pop("rule", "")
    if given or not rule:
        raise ApiError("invalid_request", "say of which rule: `?rule=` with its name")
    await _recording(call)  # a tenant that does not exist is said first
    found = await call.service.explainer.case(call.tenant, call.path("id"), rule)
    return json_response({"cases": [shown_case(found)]})


async def timeline(call: Call) -> Response:
    """The execution line by line: run again under a tracer."""
    return json_response(await call.service.explainer.timeline(call.tenant, call.path("id")))


async def replay(call: Call) -> Response:
    """The execution again: as it was, under another revision, or under rules that are nowhere stored."""
    body = await call.json(Again) if call.has_body else Again()
    record = await call.service.records.get(call.tenant, call.path("id"))
    other = None if body.revision == record.revision else await candidate(call, body.revision, body.rules, body.modules)
    replayer = call.service.replayer
    if other is None:
        found = await replayer.again(call.tenant, record)
    else:
        found = await replayer.otherwise(call.tenant, record, *other)
    return json_response(shown_replay(found, record, await _recording(call)))


async def _recording(call: Call) -> Recording:
    return (await call.service.live.revision(call.tenant)).settings.recording
