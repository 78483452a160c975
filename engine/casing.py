"""A case out of a record: what one rule was given in a login, and what it makes of it."""

from __future__ import annotations

from typing import Any

import msgspec

from engine.cases import Case, parts, run_case
from engine.engine import Engine
from engine.evidence import Evidence
from engine.record import Record, moment

ALWAYS = ("decision", "idToken", "accessToken")


class NoCase(Exception):
    """There is no case to be had of this rule's part; the message says why."""


async def case_of(engine: Engine, record: Record, rule: str, script: str) -> Case:
    """What the rule `rule`, whose source was `script`, was given in this execution, as a case that it passes.

    The record is one without secrets, and so is the case: what it expects is what the rule makes of the masked data,
    with the clock of then and chance of the case's own. Raises `NoCase`, and what `Engine.evaluate` raises.
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
    )
    found = parts(await run_case(engine, rule, script, case))
    expect = {part: value for part, value in found.items() if part in ALWAYS or _says(value)}
    return msgspec.structs.replace(case, expect=expect)


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
        "expect": case.expect,
    }
