"""Cases: a transaction and the expected parts of its execution, in a file beside the rule.

A case runs through `Engine.evaluate`, so what passes here is what production does.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from engine.execution import Execution

EXPECTABLE = ("decision", "idToken", "accessToken", "denial", "redirect", "multifactor", "updates", "warnings", "logs")


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`clock` is the time the rule sees. Of `expect` only the given keys are compared, each whole."""

    name: str
    user: dict[str, Any] | None
    context: dict[str, Any]
    expect: dict[str, Any]
    clock: datetime | None = None


class CaseFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    cases: list[Case]


class BadCases(Exception):
    """A case file that cannot be used; the message names the file and the place."""


def read_cases(path: Path) -> list[Case]:
    """The cases of `NAME.cases.json`. Raises `BadCases`."""
    try:
        cases = msgspec.json.decode(path.read_bytes(), type=CaseFile).cases
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadCases(f"{path}: {error}") from None
    for case in cases:
        if unknown := case.expect.keys() - set(EXPECTABLE):
            raise BadCases(f"{path}: case `{case.name}` expects `{min(unknown)}`: known are {', '.join(EXPECTABLE)}")
    return cases


def clock_of(case: Case) -> int | None:
    """The case's clock in nanoseconds since the epoch; a time without a zone is UTC."""
    if case.clock is None:
        return None
    moment = case.clock if case.clock.tzinfo else case.clock.replace(tzinfo=UTC)
    return int(moment.timestamp() * 1_000_000) * 1000


def differences(case: Case, execution: Execution) -> dict[str, tuple[Any, Any]]:
    """What is not as expected: part, then (expected, found)."""
    found = parts(execution)
    return {
        part: (wanted, found[part]) for part, wanted in case.expect.items() if _plain(wanted) != _plain(found[part])
    }


def parts(execution: Execution) -> dict[str, Any]:
    """The parts of an execution that a case can expect, as JSON values."""
    denial = execution.denial
    return {
        "decision": execution.decision,
        "idToken": execution.idToken,
        "accessToken": execution.accessToken,
        "denial": {"error": denial.error, "description": denial.description} if denial else None,
        "redirect": execution.redirect,
        "multifactor": execution.multifactor,
        "updates": execution.updates,
        "warnings": [notice.code for notice in execution.warnings],
        "logs": [line.text for step in execution.steps for line in step.logs],
    }


def _plain(value: Any) -> Any:
    """As JSON text with sorted names: `True` is not `1` in a token."""
    return msgspec.json.encode(value, order="sorted")
