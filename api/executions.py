"""Records over HTTP: found, shown, erased, and run again."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import msgspec
import structlog
from starlette.responses import Response

from api import answers
from api.body import json_response
from api.call import Call
from api.filters import MOST, PAGE, Filters, Limit, filter_of
from api.rules import Modules
from api.trial import Draft, candidate
from engine.capability import Token
from engine.casing import shown_case
from engine.models import Recording
from engine.record import shown, summary
from engine.replay import shown_replay

log = structlog.get_logger("claimsmith.records")

MOST_BYTES = 16 * 1024 * 1024  # of the logins that one page tells of: with long ones it is shorter


Text = Annotated[str, msgspec.Meta(min_length=1)]


class Again(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Under which rules: a `revision`, or `rules` that import `modules`. Neither: those that it was decided by."""

    revision: int | None = None
    rules: list[Draft] | None = None
    modules: Modules | None = None


class Page(Filters, frozen=True, forbid_unknown_fields=True):
    limit: Limit = PAGE


class Person(msgspec.Struct, frozen=True):
    user: Annotated[Text, msgspec.Meta(description="the `user_id` of the person whose records to erase")]


class AboutClaim(msgspec.Struct, frozen=True):
    claim: Annotated[Text, msgspec.Meta(description="the name of the claim that is asked about")]
    token: Annotated[Token, msgspec.Meta(description="`idToken` or `accessToken`")] = "idToken"  # noqa: S105


class OfRule(msgspec.Struct, frozen=True):
    rule: Annotated[Text, msgspec.Meta(description="the name of the rule")]


class Executions(msgspec.Struct, frozen=True):
    """The newest first; `cursor` leads to the next page. `unreadable` records stand between these and cannot be opened;
    a page with very many of them is shorter."""

    executions: list[answers.Summary]
    cursor: str | None
    unreadable: int


class Erased(msgspec.Struct, frozen=True):
    """How many records there were."""

    erased: int


async def every(call: Call) -> Response:
    """Find records. The newest first, in pages."""
    asked = call.query(Page)
    recording = await _recording(call)
    which, limit = filter_of(asked, call.service.records, call.tenant), asked.limit
    told: list[dict[str, Any]] = []
    size, unreadable, more = 0, 0, True
    while more and len(told) < limit and size < MOST_BYTES and unreadable < MOST:
        count = min(PAGE, limit - len(told))
        found = await call.service.records.page(call.tenant, which, count)
        for record in found.records:
            told.append(summary(record, recording))
            size += len(bytes(record.user)) + len(bytes(record.context))
            await asyncio.sleep(0)  # a long one takes a tenth of a second, and logins wait meanwhile
        unreadable += len(found.unreadable)
        more = found.looked_at == count
        which = msgspec.structs.replace(which, before=found.last)
    return json_response({"executions": told, "cursor": which.before if more else None, "unreadable": unreadable})


async def one(call: Call) -> Response:
    """The record of an execution."""
    record = await call.service.records.get(call.tenant, call.path("id"))
    return json_response(shown(record, await _recording(call)))


async def erase(call: Call) -> Response:
    """Remove a person's records, for good."""
    user = call.query(Person).user
    await _recording(call)  # a tenant that does not exist is said first
    count = await call.service.records.erase(call.tenant, user, by=call.by)
    log.warning("records of a person were erased", tenant=call.tenant, by=call.by, count=count)
    return json_response(Erased(count))


async def why(call: Call) -> Response:
    """Why a claim is in a token of this execution, or is not."""
    asked = call.query(AboutClaim)
    await _recording(call)  # a tenant that does not exist is said first
    return json_response(await call.service.explainer.why(call.tenant, call.path("id"), asked.claim, asked.token))


async def case(call: Call) -> Response:
    """What a rule was given in this execution, as a case file."""
    rule = call.query(OfRule).rule
    await _recording(call)  # a tenant that does not exist is said first
    found = await call.service.explainer.case(call.tenant, call.path("id"), rule)
    return json_response({"cases": [shown_case(found)]})


async def timeline(call: Call) -> Response:
    """Every line that ran in an execution, with the variables that changed. It is run again under a tracer."""
    return json_response(await call.service.explainer.timeline(call.tenant, call.path("id")))


async def replay(call: Call) -> Response:
    """Run an execution again. As it was, under another revision, or under rules that are nowhere stored."""
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
