"""Which executions somebody asks for: the filters of a query or of an analysis, in words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import get_args

import msgspec

from api.errors import ApiError
from engine.execution_id import first_id, last_id
from engine.models import Decision
from engine.record import claim_mark, rule_mark
from engine.records import Records
from engine.store.executions import Filter

FILTERS = ("decision", "client", "user", "rule", "claim", "since", "until", "cursor")
EXECUTION_ID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
AGO = re.compile(r"([0-9]{1,6})([smhd])")
SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def filter_of(given: Mapping[str, str], records: Records, tenant: str) -> Filter:
    """The filter that `given` names, by `FILTERS`. Raises 400 for what cannot be one."""
    for name in given:
        if name not in FILTERS:
            known = ", ".join(FILTERS)
            raise ApiError("invalid_request", f"`{name[:40]}`: there is no such filter; known are {known}")
    try:
        decision = msgspec.convert(given.get("decision"), Decision | None)
    except msgspec.ValidationError:
        known = ", ".join(get_args(Decision))
        raise ApiError("invalid_request", f"`decision`: `{given['decision'][:40]}` is none of {known}") from None
    cursor = given.get("cursor")
    if cursor is not None and not EXECUTION_ID.fullmatch(cursor):
        raise ApiError("invalid_request", "`cursor`: not one that a page ended with")
    marks = [mark(given[name]) for name, mark in (("claim", claim_mark), ("rule", rule_mark)) if name in given]
    return Filter(
        decision=decision,
        client=given.get("client"),
        user_digest=records.digest(tenant, given["user"]) if "user" in given else None,
        marks=tuple(marks),
        first=id_at(given, "since", first_id),
        last=id_at(given, "until", last_id),
        before=cursor,
    )


def limit_of(given: Mapping[str, str], page: int, most: int) -> int:
    """How many things somebody asks for, by `limit`; `page` where it is not said. Raises 400."""
    text = given.get("limit", str(page))
    if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= most):
        raise ApiError("invalid_request", f"`limit`: `{text[:40]}` is no number from 1 to {most}")
    return int(text)


def id_at(given: Mapping[str, str], name: str, bound: Callable[[int], str]) -> str | None:
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
    return bound(int(moment * 1e9))
