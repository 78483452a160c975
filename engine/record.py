"""The record of an execution: as it is sealed, as it is found, and as it is shown."""

from __future__ import annotations

import functools
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from engine.calls.shown import masked_call, masked_url
from engine.claims import TOKENS
from engine.execution import Execution
from engine.models import JSON, CallRecord, Claims, Decision, Denial, Notice, Recording, StepError
from engine.redaction import DEFAULT, Redaction
from engine.trace import Trace
from sandbox.journal import End, Event, parts_of, pointer

REDIRECT = ("context", "redirect")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOST_CLIENT = 200  # characters by which a client is found
MOST_NAME = 200  # characters of a claim's name: a longer one is found by its digest
MOST_CLAIMS = 100  # of one token by which an execution is found: rules may make up thousands of names at every login


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that an execution was made of, and all that came of it. `clock` is in nanoseconds since the epoch;
    `engine` stamps what ran it; `configuration` is the number of the set of values that its rules could read;
    `dropped` are the places in the transaction that were never kept."""

    execution_id: str
    revision: int
    engine: str
    clock: int
    seed: bytes
    user: msgspec.Raw
    context: msgspec.Raw
    ms: float
    decision: Decision
    denial: Denial | None
    redirect: JSON
    multifactor: JSON
    idToken: Claims | None
    accessToken: Claims | None
    scope: list[str] | None
    updates: dict[str, Claims | None]
    warnings: tuple[Notice, ...]
    trace: Trace
    configuration: int | None = None
    dropped: tuple[str, ...] = ()


def record(execution: Execution) -> Record:
    transaction = execution.transaction
    mask = execution.masking.value if execution.masking else _as_it_is
    return Record(
        execution_id=execution.id,
        revision=execution.revision,
        engine=execution.engine,
        clock=execution.clock,
        seed=execution.seed,
        user=msgspec.Raw(transaction.user or b"null"),
        context=msgspec.Raw(transaction.context),
        ms=round(execution.seconds * 1000, 3),
        decision=execution.decision,
        denial=execution.denial,
        redirect=mask(execution.redirect),
        multifactor=mask(execution.multifactor),
        idToken=mask(execution.idToken),
        accessToken=mask(execution.accessToken),
        scope=execution.scope,
        updates=mask(execution.updates),
        warnings=execution.warnings,
        trace=execution.trace,
        configuration=execution.configuration,
    )


def _as_it_is(value: JSON) -> JSON:
    return value


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Record).decode


def text_of(record: Record) -> bytes:
    """The record as the text that is sealed."""
    return _encode(record)


def read(text: bytes) -> Record:
    """The record that was sealed as `text`. Raises `msgspec.DecodeError` for what an earlier version has sealed."""
    return _decode(text)


def without_dropped(record: Record, recording: Recording) -> Record:
    """The record without what is not to be kept: left out of the transaction, masked in all that came of it."""
    kept, places = _without(record, Redaction(recording.drop), leave_out=True)
    return msgspec.structs.replace(kept, dropped=places)


def redacted(record: Record, recording: Recording) -> Record:
    """The record with a mask for all that is not to be shown."""
    return _without(record, redaction_of(recording), leave_out=False)[0]


def _without(record: Record, redaction: Redaction, *, leave_out: bool) -> tuple[Record, tuple[str, ...]]:
    """The record without what `redaction` names, and without its texts wherever they stand; and the places of the
    transaction where that stood. Words of ours stay: what somebody has for a password may be one of them."""
    take = redaction.without if leave_out else redaction.masked
    user = take(msgspec.json.decode(record.user), "user")
    context = take(msgspec.json.decode(record.context), "context")
    calls = [
        masked_call(call, redaction, ("calls", place), sealed=leave_out)
        for place, call in enumerate(record.trace.calls)
    ]
    places = list(redaction.removed)
    tokens = {name: take(getattr(record, name), "context", name) for name in TOKENS}
    redirect = _masked_redirect(REDIRECT, record.redirect, redaction)
    # As it is read, and not as it stands there: what a worker wrote that a rule has taken over may be anything.
    events = msgspec.to_builtins(record.trace.events())
    for written in (events, *(msgspec.to_builtins(kill.events) for kill in record.trace.kills.values())):
        _find_redirects(written, redaction)
    events = [_masked(event, redaction) for event in events]
    kills = {
        index: msgspec.structs.replace(
            kill,
            error=msgspec.convert(redaction.everywhere(msgspec.to_builtins(kill.error)), StepError),
            events=msgspec.convert(
                [_masked(event, redaction) for event in msgspec.to_builtins(kill.events)], list[Event]
            ),
        )
        for index, kill in record.trace.kills.items()
    }
    if not redaction.removed:
        return record, ()
    trace = msgspec.structs.replace(
        record.trace,
        journal=msgspec.Raw(_encode(events)),
        kills=kills,
        calls=tuple(_call_everywhere(call, redaction) for call in calls),
        unmet={place: redaction.everywhere(reason) for place, reason in record.trace.unmet.items()},
    )
    given = {"user": user, "context": context, **tokens}
    given |= {"redirect": redirect, "multifactor": record.multifactor}
    members = {name: redaction.everywhere(value, names=True) for name, value in given.items()}
    made = msgspec.structs.replace(
        record,
        **{name: msgspec.Raw(_encode(members.pop(name))) for name in ("user", "context")},
        **members,
        updates={store: redaction.everywhere(patch, names=True) for store, patch in record.updates.items()},
        denial=_denial(record, redaction),
        scope=redaction.everywhere(record.scope),
        warnings=tuple(
            msgspec.structs.replace(
                notice, message=redaction.everywhere(notice.message), claim=redaction.everywhere(notice.claim)
            )
            for notice in record.warnings
        ),
        trace=trace,
        dropped=tuple(redaction.everywhere(record.dropped)),
    )
    return made, tuple(redaction.everywhere(places))


def _denial(record: Record, redaction: Redaction) -> Denial | None:
    denial = record.denial
    return denial and msgspec.structs.replace(denial, description=redaction.everywhere(denial.description))


def _call_everywhere(call: CallRecord, redaction: Redaction) -> CallRecord:
    texts = {name: msgspec.json.decode(getattr(call, name)) for name in ("request", "answer", "masked")}
    masked = {name: msgspec.Raw(_encode(redaction.everywhere(text))) for name, text in texts.items()}
    return msgspec.structs.replace(call, **masked)


def _find_redirects(events: list[Any], redaction: Redaction) -> None:
    """What is secret in the addresses of redirects, before events are masked that say it earlier, or again."""
    for event in events:
        if event[0] == "write" and event[3].startswith(pointer(REDIRECT)):
            for value in event[4:6]:
                _masked_redirect(tuple(parts_of(event[3])), value, redaction)


def _masked_redirect(path: tuple[str, ...], value: Any, redaction: Redaction) -> Any:
    """What a rule has set at `path`: in a redirect, with its address without what is secret by its name (a page is told
    by a token who comes)."""
    if path == REDIRECT and isinstance(value, dict) and isinstance(url := value.get("url"), str):
        return value | {"url": masked_url(url, redaction, (*path, "url"))}
    if path == (*REDIRECT, "url") and isinstance(value, str):
        return masked_url(value, redaction, path)
    return value


def _masked(event: list[Any], redaction: Redaction) -> list[Any]:
    """An event (see `sandbox.journal`) without what is not to be kept. Its first three members are words of ours."""
    if event[0] == "write":
        path = parts_of(event[3])
        values = [_masked_redirect(tuple(path), value, redaction) for value in event[4:6]]
        old, new = (redaction.everywhere(redaction.masked(value, *path), names=True) for value in values)
        event = [*event[:4], old, new, event[6]]
    return [*event[:3], *redaction.everywhere(event[3:])]


AS_IT_IS = """execution_id revision engine configuration ms decision denial redirect multifactor scope updates warnings
dropped""".split()
AS_IT_IS += TOKENS


def shown(record: Record, recording: Recording) -> dict[str, JSON]:
    """A record as `GET /v1/executions/{id}` shows it. `removed` says what of the transaction is masked by the tenant's
    list as it is now, `dropped` what was never kept. The seed is never shown: with it and the time, what a rule has
    drawn by chance (a code sent to somebody) could be told."""
    record, removed = _without(record, redaction_of(recording), leave_out=False)
    return {
        **{name: msgspec.to_builtins(getattr(record, name)) for name in AS_IT_IS},
        "clock": shown_moment(record.clock),
        "seed": "sealed",
        "steps": msgspec.to_builtins(record.trace.steps()),
        "transaction": {name: msgspec.json.decode(getattr(record, name)) for name in ("user", "context")},
        "removed": list(removed),
    }


def summary(record: Record, recording: Recording) -> dict[str, JSON]:
    """A record as a list shows it. Only what it shows is looked through: a list has many."""
    redaction = redaction_of(recording)
    user = redaction.masked(msgspec.json.decode(record.user), "user") or {}
    context = redaction.masked(msgspec.json.decode(record.context), "context")
    failed = {event.step for event in record.trace.events() if isinstance(event, End) and event.outcome != "passed"}
    rules = record.trace.rules
    return {
        "execution_id": record.execution_id,
        "revision": record.revision,
        "clock": shown_moment(record.clock),
        "ms": record.ms,
        "decision": record.decision,
        "client": redaction.everywhere(context.get("clientID"), names=True),
        "user": redaction.everywhere(user.get("user_id"), names=True),
        "claims": redaction.everywhere(sorted({*(record.idToken or ()), *(record.accessToken or ())})),
        "failed": [rules[index].name for index in sorted({*failed, *record.trace.kills}) if 0 <= index < len(rules)],
        "denial": msgspec.to_builtins(_denial(record, redaction)),
        "warnings": [notice.code for notice in record.warnings],
    }


def redaction_of(recording: Recording) -> Redaction:
    """What is not to be shown."""
    return Redaction(DEFAULT if recording.redact is None else recording.redact)


def shown_moment(clock: int) -> str:
    return moment(clock).isoformat().replace("+00:00", "Z")


def moment(clock: int) -> datetime:
    """The time of a clock in nanoseconds since the epoch, to the microsecond."""
    return EPOCH + timedelta(microseconds=clock // 1000)


class Marks(msgspec.Struct, frozen=True):
    """By what else an execution is found: rules that ran, claims that its tokens carry. Most executions of a tenant are
    alike in that, so a record names only their `shape`."""

    shape: int
    marks: tuple[str, ...]


@functools.lru_cache(maxsize=4096)
def marks(rules: tuple[str, ...], id_token: tuple[str, ...], access_token: tuple[str, ...]) -> Marks:
    """`rules` are ids and names, the others names of claims."""
    claims = {*sorted(id_token)[:MOST_CLAIMS], *sorted(access_token)[:MOST_CLAIMS]}
    found = sorted({*map(rule_mark, rules), *map(claim_mark, claims)})
    digest = hashlib.sha256("\0".join(found).encode("utf-8", "surrogatepass")).digest()
    return Marks(int.from_bytes(digest[:8], "big") >> 1, tuple(found))


def rule_mark(rule: str) -> str:
    return f"rule {rule}"


def claim_mark(name: str) -> str:
    """Whatever the name, one that every database stores: rules and issuers choose it."""
    if len(name) <= MOST_NAME and "\0" not in name:
        return f"claim {name}"
    return f"claim sha256 {hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()}"
