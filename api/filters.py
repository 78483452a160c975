"""Which executions somebody asks for: the filters of a query or of an analysis, in words."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

from msgspec import Meta, Struct

from api.errors import ApiError
from engine.execution_id import first_id, last_id
from engine.models import Decision, Ended
from engine.record import claim_mark, outcome_mark, rule_mark
from engine.records import Records
from engine.store.executions import Filter

AGO = re.compile(r"([0-9]{1,6})([smhd])")
SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
EXAMPLES = ["24h", "2026-11-18T12:00:00Z"]
OUTCOMES = (
    "`failed` (with any error), `denied`, `raised`, `timed_out`, `exhausted` or `refused`: how that rule has ended, "
    "or, without `rule`, any rule"
)
PAGE = 50
MOST = 500

# What every list can be asked.
Since = Annotated[str | None, Meta(description="the earliest time, or how long ago it is", examples=EXAMPLES)]
Until = Annotated[str | None, Meta(description="the latest time, or how long ago it is", examples=EXAMPLES)]
Id = Annotated[str, Meta(pattern=r"\A[0-9A-HJKMNP-TV-Z]{26}\Z")]
Cursor = Annotated[Id | None, Meta(description="the `cursor` that a page ended with")]
Limit = Annotated[int, Meta(ge=1, le=MOST, description=f"how many to a page, 1 to {MOST}")]


class Like(Struct, frozen=True, forbid_unknown_fields=True):
    """What executions have in common. What is not given may be anything."""

    decision: Annotated[Decision | None, Meta(description="`allow`, `deny`, `redirect` or `step_up`")] = None
    client: Annotated[str | None, Meta(description="the client's id")] = None
    user: Annotated[str | None, Meta(description="the person's `user_id`")] = None
    rule: Annotated[str | None, Meta(description="a rule that ran, by its name or id")] = None
    outcome: Annotated[Ended | None, Meta(description=OUTCOMES)] = None
    claim: Annotated[str | None, Meta(description="the name of a claim in one of the tokens")] = None


class Filters(Like, frozen=True, forbid_unknown_fields=True):
    since: Since = None
    until: Until = None
    cursor: Cursor = None


def filter_of(wanted: Filters, records: Records, tenant: str) -> Filter:
    """The filter for what is `wanted`. Raises 400 for what is no time."""
    marks = []
    if wanted.claim is not None:
        marks.append(claim_mark(wanted.claim))
    if wanted.outcome is not None:
        marks.append(outcome_mark(wanted.outcome, wanted.rule))
    elif wanted.rule is not None:
        marks.append(rule_mark(wanted.rule))
    return Filter(
        decision=wanted.decision,
        client=wanted.client,
        user_digest=None if wanted.user is None else records.digest(tenant, wanted.user),
        marks=tuple(marks),
        first=id_at("since", wanted.since, first_id),
        last=id_at("until", wanted.until, last_id),
        before=wanted.cursor,
    )


def id_at(name: str, text: str | None, bound: Callable[[int], str]) -> str | None:
    """The first or last id of a moment: an ISO 8601 time (UTC where it names no zone), or how long ago it is."""
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
