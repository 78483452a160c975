"""A case out of a record: what one rule was given in a login, and what it makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from engine.calls.given import Exchange, Given
from engine.calls.shown import shown_address
from engine.cases import Case, run_case
from engine.configuration import ConfigurationSet
from engine.engine import Engine
from engine.evidence import Evidence
from engine.expecting import parts
from engine.library import Sources
from engine.masking import MASK
from engine.models import CallRecord, Recording
from engine.record import Record, moment, redaction_of
from sandbox.exchanges import CacheAnswer, CacheRequest, HttpAnswer, HttpRequest

ALWAYS = ("decision", "idToken", "accessToken")


class NoCase(Exception):
    """There is no case to be had of this rule's part; the message says why."""


async def case_of(
    engine: Engine,
    record: Record,
    rule: str,
    script: str,
    modules: Sources,
    placeholders: ConfigurationSet,
    recording: Recording,
) -> Case:
    """What the rule `rule`, whose source was `script`, was given in this execution, as a case that it passes. It
    imports `modules`.

    The record is one without secrets, and so is the case: what it expects is what the rule makes of the masked data
    and of `placeholders` for the values that it could read, with the clock of then and chance of the case's own. Raises
    `NoCase`, and what `Engine.evaluate` raises.
    """
    evidence = Evidence(record, {})
    place = evidence.place_of(rule)
    if place is None or place not in evidence.ran():
        raise NoCase(f"rule `{rule}` did not run in this execution")
    given = evidence.data(place)
    if given is None:
        raise NoCase(f"what rule `{rule}` was given is not known: a rule before it wrote a value that is only measured")
    user, context = given
    case = Case(
        name=f"login {record.execution_id}",
        user=user,
        context=context,
        expect={},
        clock=moment(record.clock),
        seed=record.execution_id,
        configuration={name: value for name, value in placeholders.values.items() if name in script},
        cache=_kept([call for call in record.trace.calls if call.step == place and call.kind == "cache"]),
    )

    def shown(address: str) -> str:
        """As the record shows it."""
        address = shown_address(placeholders.masking.text(address), redaction_of(recording), ("calls",))
        return address.replace(quote(MASK), MASK)

    exchanges = [_exchange(call) for call in record.trace.calls if call.step == place and call.kind == "http"]
    answers = Given(exchanges, case.cache, shown)
    found = parts(await run_case(engine, rule, script, case, modules=modules, given=answers))
    case = msgspec.structs.replace(case, http=tuple(answers.answered))
    expect = {part: value for part, value in found.items() if part in ALWAYS or _says(value)}
    return msgspec.structs.replace(case, expect=expect)


def _exchange(call: CallRecord) -> Exchange:
    """A recorded call, as a case gives its answer."""
    asked = msgspec.json.decode(call.request, type=HttpRequest)
    answer = msgspec.convert(call.shown or {"failure": "timeout"}, HttpAnswer)
    body = answer.body if not answer.base64 else ""  # a case file is text
    return Exchange(
        method=asked.method,
        url=asked.url,
        status=answer.status or 200,
        headers={name: answer.headers[name] for name in ("content-type",) if name in answer.headers},
        body=body,
        failure=answer.failure,
    )


def _kept(calls: Sequence[CallRecord]) -> dict[str, Any]:
    """What a rule has found in the cache before it kept something there itself."""
    kept: dict[str, Any] = {}
    own = set()
    for call in calls:
        asked = msgspec.json.decode(call.request, type=CacheRequest)
        answer = msgspec.convert(call.shown or {}, CacheAnswer)
        if asked.op == "get" and answer.found and asked.key not in own:
            kept.setdefault(asked.key, answer.value)
        own.add(asked.key)
    return kept


def _says(value: Any) -> bool:
    """Whether a part is worth expecting: not where nothing was there."""
    if isinstance(value, dict):
        return any(_says(child) for child in value.values())
    return value not in (None, [], "")


def shown_case(case: Case) -> dict[str, Any]:
    """As a case file has it."""
    return {
        "name": case.name,
        "user": case.user,
        "context": case.context,
        "clock": case.clock,
        "seed": case.seed,
        **{name: given for name in ("configuration", "http", "cache") if (given := getattr(case, name))},
        "expect": case.expect,
    }
