"""The record of an execution: as it is sealed, as it is found, and as it is shown."""

from __future__ import annotations

import functools
import hashlib
from datetime import UTC, datetime, timedelta

import msgspec

from engine.calls.shown import masked_call, shown_address
from engine.capability import TOKENS, Capability, Token
from engine.execution import Execution
from engine.masked import Mask, masked_error, masked_event, masked_message, masked_path
from engine.models import JSON, CallRecord, Claims, Decision, Denial, Ended, Notice, Recording
from engine.redaction import DEFAULT, Redaction
from engine.trace import Trace
from sandbox.journal import End, Event, Write, parts_of

REDIRECT = ("context", "redirect")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOST_CLIENT = 200  # characters by which a client is found
MOST_NAME = 200  # characters of a claim's name: a longer one is found by its digest
MOST_CLAIMS = 100  # of one token by which an execution is found: rules may make up thousands of names at every login


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that an execution was made of, and all that came of it. `clock` is in nanoseconds since the epoch;
    `engine` stamps what ran it; `configuration` is the number of the set of values that its rules could read;
    `dropped` are the places in the transaction that were never kept. `masked` are `user` and `context` as they may be
    shown, where they hold a value of the configuration: a replay needs them as they are. `capability` is what the
    protocol could carry that the issuer spoke; None for the native one, which can all."""

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
    lifetime: dict[Token, int] = {}
    capability: Capability | None = None
    configuration: int | None = None
    dropped: tuple[str, ...] = ()
    masked: dict[str, msgspec.Raw] = {}

    def given(self, name: str) -> JSON:
        """`user` or `context`, as it may be shown."""
        return msgspec.json.decode(self.masked.get(name, getattr(self, name)))


def record(execution: Execution) -> Record:
    transaction = execution.transaction
    mask = execution.masking.value if execution.masking else _as_it_is
    given = {"user": transaction.user or b"null", "context": transaction.context}
    masked = {name: shown for name, text in given.items() if (shown := execution.masking.json(text)) is not text}
    return Record(
        execution_id=execution.id,
        revision=execution.revision,
        engine=execution.engine,
        clock=execution.clock,
        seed=execution.seed,
        user=msgspec.Raw(given["user"]),
        context=msgspec.Raw(given["context"]),
        ms=round(execution.seconds * 1000, 3),
        decision=execution.decision,
        denial=execution.denial,
        redirect=mask(execution.redirect),
        multifactor=mask(execution.multifactor),
        idToken=mask(execution.idToken),
        accessToken=mask(execution.accessToken),
        scope=mask(execution.scope),
        lifetime=execution.lifetime,
        capability=transaction.capability,
        updates=mask(execution.updates),
        warnings=execution.warnings,
        trace=execution.trace,
        configuration=execution.configuration,
        masked={name: msgspec.Raw(text) for name, text in masked.items()},
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
    if not leave_out:
        record = msgspec.structs.replace(record, **record.masked, masked={})
    user = take(msgspec.json.decode(record.user), "user")
    context = take(msgspec.json.decode(record.context), "context")
    calls = [
        masked_call(call, redaction, ("calls", place), sealed=leave_out)
        for place, call in enumerate(record.trace.calls)
    ]
    places = list(redaction.removed)
    masked = {name: take(msgspec.json.decode(text), name) for name, text in record.masked.items()}
    tokens: dict[str, JSON] = {name: take(getattr(record, name), "context", name) for name in TOKENS}
    redirect = _masked_redirect(REDIRECT, record.redirect, redaction)
    # As it is read, and not as it stands there: what a worker wrote that a rule has taken over may be anything.
    events = [_by_name(event, redaction) for event in record.trace.events()]
    of_kills = {
        index: [_by_name(event, redaction) for event in kill.events] for index, kill in record.trace.kills.items()
    }
    if not redaction.removed:
        return record, ()
    mask = functools.partial(redaction.everywhere, names=True)
    trace = msgspec.structs.replace(
        record.trace,
        journal=msgspec.Raw(_encode([masked_event(event, mask) for event in events])),
        kills={
            index: msgspec.structs.replace(
                kill,
                error=masked_error(kill.error, mask),
                events=[masked_event(event, mask) for event in of_kills[index]],
            )
            for index, kill in record.trace.kills.items()
        },
        calls=tuple(_call_everywhere(call, mask) for call in calls),
        unmet={place: mask(reason) for place, reason in record.trace.unmet.items()},
    )
    given = {"user": user, "context": context, **tokens}
    given |= {"redirect": redirect, "multifactor": record.multifactor}
    members = {name: mask(value) for name, value in given.items()}
    made = msgspec.structs.replace(
        record,
        **{name: msgspec.Raw(_encode(members.pop(name))) for name in ("user", "context")},
        **members,
        masked={name: msgspec.Raw(_encode(mask(value))) for name, value in masked.items()},
        updates={store: mask(patch) for store, patch in record.updates.items()},
        denial=_denial(record, redaction),
        scope=redaction.everywhere(record.scope),
        warnings=tuple(
            msgspec.structs.replace(
                notice, message=redaction.everywhere(notice.message), claim=redaction.everywhere(notice.claim)
            )
            for notice in record.warnings
        ),
        trace=trace,
        dropped=tuple([masked_path(place, mask) for place in record.dropped]),
    )
    return made, tuple([masked_path(place, mask) for place in places])


def _denial(record: Record, redaction: Redaction) -> Denial | None:
    denial = record.denial
    return denial and msgspec.structs.replace(denial, description=redaction.everywhere(denial.description))


def _call_everywhere(call: CallRecord, mask: Mask) -> CallRecord:
    texts = {name: msgspec.json.decode(getattr(call, name)) for name in ("request", "answer", "masked")}
    masked = {name: msgspec.Raw(_encode(masked_message(text, mask))) for name, text in texts.items()}
    return msgspec.structs.replace(call, **masked)


def _by_name(event: Event, redaction: Redaction) -> Event:
    """An event without what is not to be kept by its place."""
    if not isinstance(event, Write):
        return event
    path = parts_of(event.path)
    values = [_masked_redirect(path, value, redaction) for value in (event.old, event.new)]
    old, new = (redaction.masked(value, *path) for value in values)
    return msgspec.structs.replace(event, old=old, new=new)


def _masked_redirect(path: tuple[str, ...], value: JSON, redaction: Redaction) -> JSON:
    """What a rule has set at `path`: in a redirect, with its address without what is secret by its name (a page is told
    by a token who comes)."""
    if path == REDIRECT and isinstance(value, dict) and isinstance(url := value.get("url"), str):
        return value | {"url": shown_address(url, redaction, (*path, "url"))}
    if path == (*REDIRECT, "url") and isinstance(value, str):
        return shown_address(value, redaction, path)
    return value


AS_IT_IS = """execution_id revision engine configuration ms decision denial redirect multifactor scope lifetime updates
warnings dropped""".split()
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
        "issuer": None if record.capability is None else record.capability.issuer,
        "steps": msgspec.to_builtins(record.trace.steps()),
        "transaction": {name: msgspec.json.decode(getattr(record, name)) for name in ("user", "context")},
        "removed": list(removed),
    }


def summary(record: Record, recording: Recording) -> dict[str, JSON]:
    """A record as a list shows it. Only what it shows is looked through: a list has many."""
    redaction = redaction_of(recording)
    user, context = (redaction.masked(record.given(name), name) for name in ("user", "context"))
    failed = {event.step for event in record.trace.events() if isinstance(event, End) and event.outcome != "passed"}
    rules = record.trace.rules
    return {
        "execution_id": record.execution_id,
        "revision": record.revision,
        "clock": shown_moment(record.clock),
        "ms": record.ms,
        "decision": record.decision,
        "client": redaction.everywhere(context.get("clientID"), names=True),
        "user": redaction.everywhere((user or {}).get("user_id"), names=True),
        "claims": redaction.everywhere(sorted({*(record.idToken or ()), *(record.accessToken or ())})),
        "failed": [rules[index].name for index in sorted({*failed, *record.trace.kills}) if 0 <= index < len(rules)],
        "denial": msgspec.to_builtins(_denial(record, redaction)),
        "warnings": [notice.code for notice in record.warnings],
    }


def redaction_of(recording: Recording) -> Redaction:
    """What is not to be shown."""
    return Redaction(DEFAULT if recording.redact is None else recording.redact)


def redaction_seen(recording: Recording, *records: Record) -> Redaction:
    """The same, with all texts of these records that are not to be shown."""
    redaction = redaction_of(recording)
    for record in records:
        _without(record, redaction, leave_out=False)
    return redaction


def shown_moment(clock: int) -> str:
    return moment(clock).isoformat().replace("+00:00", "Z")


def moment(clock: int) -> datetime:
    """The time of a clock in nanoseconds since the epoch, to the microsecond."""
    return EPOCH + timedelta(microseconds=clock // 1000)


class Marks(msgspec.Struct, frozen=True):
    """By what else an execution is found: rules that ran, how they ended, claims that its tokens carry. Most executions
    of a tenant are alike in that, so a record names only their `shape`."""

    shape: int
    marks: tuple[str, ...]


@functools.lru_cache(maxsize=4096)
def marks(
    rules: tuple[str, ...],
    ended: tuple[tuple[Ended, str, str], ...],
    id_token: tuple[str, ...],
    access_token: tuple[str, ...],
) -> Marks:
    """`rules` are ids and names, `ended` those of `Execution.ended`, the others names of claims."""
    claims = {*sorted(id_token)[:MOST_CLAIMS], *sorted(access_token)[:MOST_CLAIMS]}
    outcomes = {outcome_mark(how, rule) for how, *names in ended for rule in (None, *names)}
    found = sorted({*map(rule_mark, rules), *outcomes, *map(claim_mark, claims)})
    digest = hashlib.sha256("\0".join(found).encode("utf-8", "surrogatepass")).digest()
    return Marks(int.from_bytes(digest[:8], "big") >> 1, tuple(found))


def rule_mark(rule: str) -> str:
    return f"rule {rule}"


def outcome_mark(how: Ended, rule: str | None) -> str:
    """A rule, by its id or name, or any rule, has ended so."""
    return f"outcome {how}" if rule is None else f"outcome {how} {rule}"


def claim_mark(name: str) -> str:
    """Whatever the name, one that every database stores: rules and issuers choose it."""
    if len(name) <= MOST_NAME and "\0" not in name:
        return f"claim {name}"
    return f"claim sha256 {hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()}"
