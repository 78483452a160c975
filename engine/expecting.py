"""What of an execution is not as its case expects it: one place decides that, for every command and call."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec import UNSET

from engine.cases import Case
from engine.execution import Execution

MAPS = ("idToken", "accessToken", "updates")  # parts of which only the members that differ are told


class CaseDifference(msgspec.Struct, frozen=True, kw_only=True):
    """`part` is one of an execution, or a claim of it: `idToken["https://example.com/a"]`. Where a claim was not
    expected, or is not there, `expected` or `found` is absent."""

    part: str
    expected: Any = UNSET
    found: Any = UNSET


def told(case: Case, found: Mapping[str, Any]) -> list[CaseDifference]:
    """What of these `parts` is not as expected, claim by claim where both have claims."""
    return [one for part, (wanted, got) in unlike(case, found).items() for one in _split(part, wanted, got)]


def _split(part: str, wanted: Any, got: Any) -> list[CaseDifference]:
    if part not in MAPS or not isinstance(wanted, dict) or not isinstance(got, dict):
        return [CaseDifference(part=part, expected=wanted, found=got)]
    names = dict.fromkeys((*wanted, *got))
    pairs = [(name, wanted.get(name, UNSET), got.get(name, UNSET)) for name in names]
    return [
        CaseDifference(part=f'{part}["{name}"]', expected=expected, found=found)
        for name, expected, found in pairs
        if _plain(expected) != _plain(found)
    ]


def differences(case: Case, execution: Execution) -> dict[str, tuple[Any, Any]]:
    """What is not as expected: part, then (expected, found)."""
    return unlike(case, parts(execution))


def unlike(case: Case, found: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What of these `parts` is not as the case expects it: part, then (expected, found). Answers that no call has asked
    for are unlike, too."""
    narrowed = {**found, "calls": _narrowed(case.expect.get("calls"), found["calls"])}
    unlike = {
        part: (wanted, narrowed[part])
        for part, wanted in case.expect.items()
        if _plain(wanted) != _plain(narrowed[part])
    }
    asked = Counter((call["method"], call["url"]) for call in found["calls"])
    given = Counter((exchange.method, exchange.url) for exchange in case.http)
    if left := given - asked:
        unlike["http"] = [f"{method} {url}" for method, url in left.elements()], []
    return unlike


def _narrowed(wanted: Any, calls: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of each call what the case says of it, and of its headers."""
    if not isinstance(wanted, list) or len(wanted) != len(calls):
        return calls
    return [_like(one, call) for one, call in zip(wanted, calls, strict=True)]


def _like(wanted: Any, found: Any) -> Any:
    if not isinstance(wanted, dict):
        return found
    narrowed = {name: found[name] for name in wanted if name in found}
    if "headers" in narrowed:
        narrowed["headers"] = _like(wanted["headers"], narrowed["headers"])
    return narrowed


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
        "calls": _calls(call for step in execution.steps for call in step.calls),
    }


def _calls(calls: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What was asked by HTTP, as a case expects it: names of headers in lower case, and a body of JSON read."""
    found = []
    for call in calls:
        if call["kind"] != "http":
            continue
        request = call["request"]
        headers = {name.lower(): value for name, value in (request.get("headers") or {}).items()}
        shown: dict[str, Any] = {"method": request["method"], "url": request["url"], "headers": headers}
        body = request.get("body", "")
        if headers.get("content-type") == "application/json":
            with contextlib.suppress(msgspec.DecodeError):
                shown["json"] = msgspec.json.decode(body)
        if "json" not in shown and body:
            shown["body"] = body
        found.append(shown)
    return found


def parts_of_record(record: Mapping[str, Any]) -> dict[str, Any]:
    """The same parts of an execution that is at hand only as its record is shown."""
    denial = record["denial"]
    return {
        **{name: record[name] for name in ("decision", "idToken", "accessToken", "redirect", "multifactor", "updates")},
        "denial": denial and {"error": denial["error"], "description": denial["description"]},
        "warnings": [notice["code"] for notice in record["warnings"]],
        "logs": [line["text"] for step in record["steps"] for line in step["logs"]],
        "calls": _calls(call for step in record["steps"] for call in step["calls"]),
    }


def _plain(value: Any) -> Any:
    """As JSON text with sorted names: `True` is not `1` in a token. None for nothing."""
    return None if value is UNSET else msgspec.json.encode(value, order="sorted")
