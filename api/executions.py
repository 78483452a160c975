"""Records over HTTP: found, shown, erased, and run again."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, get_args

import msgspec
import structlog
from starlette.responses import Response

from api.body import json_response
from api.call import Call
from api.errors import ApiError
from api.trial import Draft, drafted
from engine.execution_id import CHANCE, execution_id
from engine.models import Decision, Recording
from engine.record import claim_mark, rule_mark, shown, summary
from engine.replay import shown_replay
from engine.store.executions import Filter

log = structlog.get_logger("claimsmith.records")

PAGE = 50
MOST = 500
PARAMETERS = ("decision", "client", "user", "rule", "claim", "since", "until", "cursor", "limit")
EXECUTION_ID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")


class Again(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Neither: the revision that the execution was decided by. Else one of them."""

    revision: int | None = None
    rules: list[Draft] | None = None


async def every(call: Call) -> Response:
    """Newest first, in pages: `cursor` is where the next page starts."""
    limit = _limit(call)
    recording = await _recording(call)
    found = await call.service.records.page(call.tenant, filter_of(call), limit)
    return json_response(
        {
            "executions": [summary(record, recording) for record in found],
            "cursor": found[-1].execution_id if len(found) == limit else None,
        }
    )


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
    count = await call.service.records.erase(call.tenant, user)
    log.warning("records of a person were erased", tenant=call.tenant, by=call.by, count=count)
    return json_response({"erased": count})


async def replay(call: Call) -> Response:
    """The execution again: as it was, under another revision, or under rules that are nowhere stored."""
    has_body = call.request.headers.get("content-length", "0") != "0" or "transfer-encoding" in call.request.headers
    body = await call.json(Again) if has_body else Again()
    if body.revision is not None and body.rules is not None:
        raise ApiError("invalid_request", "give one of `revision` and `rules`")
    if body.rules is not None:
        call.caller.require("rules:write")  # to try a draft is to execute code
    service = call.service
    record = await service.records.get(call.tenant, call.path("id"))
    if body.rules is not None:
        live = await service.store.live_revision(call.tenant)
        found = await service.replayer.otherwise(call.tenant, record, *await drafted(call, live, body.rules))
    elif body.revision is not None and body.revision != record.revision:
        revision = await service.store.revision(call.tenant, body.revision)
        found = await service.replayer.otherwise(call.tenant, record, revision)
    else:
        found = await service.replayer.again(call.tenant, record)
    return json_response(shown_replay(found, record, await _recording(call)))


def filter_of(call: Call) -> Filter:
    """The filter in a request's query. Raises 400 for what cannot be one."""
    given = call.request.query_params
    for name in given:
        if name not in PARAMETERS:
            raise ApiError(
                "invalid_request", f"`{name[:40]}`: there is no such filter; known are {', '.join(PARAMETERS)}"
            )
    try:
        decision = msgspec.convert(given.get("decision"), Decision | None)
    except msgspec.ValidationError:
        known = ", ".join(get_args(Decision))
        raise ApiError("invalid_request", f"`decision`: `{given['decision'][:40]}` is none of {known}") from None
    cursor = given.get("cursor")
    if cursor is not None and not EXECUTION_ID.fullmatch(cursor):
        raise ApiError("invalid_request", "`cursor`: not one that a page ended with")
    user, claim, rule = given.get("user"), given.get("claim"), given.get("rule")
    marks = [] if claim is None else [claim_mark(claim)]
    if rule is not None:
        marks.append(rule_mark(rule))
    return Filter(
        decision=decision,
        client=given.get("client"),
        user_digest=None if user is None else call.service.records.digest(call.tenant, user),
        marks=tuple(marks),
        first=_id_at(given, "since", bytes(CHANCE)),
        last=_id_at(given, "until", b"\xff" * CHANCE),
        before=cursor,
    )


AGO = re.compile(r"([0-9]{1,6})([smhd])")
SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def _id_at(given: Any, name: str, chance: bytes) -> str | None:
    """The first or last id of a moment: an ISO 8601 time (UTC where it names no zone), or how long ago it is."""
    text = given.get(name)
    if text is None:
        return None
    if found := AGO.fullmatch(text):
        moment = datetime.now(UTC).timestamp() - int(found[1]) * SECONDS[found[2]]
    else:
        try:
            # In a query `+` is a space.
            parsed = datetime.fromisoformat(text.replace(" ", "+"))
            moment = parsed.replace(tzinfo=parsed.tzinfo or UTC).timestamp()
        except (ValueError, OverflowError):
            example = "2026-11-18T12:00:00Z, or 24h for so long ago"
            raise ApiError("invalid_request", f"`{name}`: `{text[:40]}` is no time; give one like {example}") from None
    return execution_id(min(max(int(moment * 1e9), 0), 2**48 * 10**6 - 1), chance)


def _limit(call: Call) -> int:
    text = call.request.query_params.get("limit", str(PAGE))
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:10]) <= MOST):
        raise ApiError("invalid_request", f"`limit`: `{text[:40]}` is no number from 1 to {MOST}")
    return int(text)


async def _recording(call: Call) -> Recording:
    return (await call.service.live.revision(call.tenant)).settings.recording
