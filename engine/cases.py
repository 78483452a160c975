"""Cases: a transaction and the expected parts of its execution, in a file beside the rule.

A case runs through `Engine.evaluate`, so what passes here is what production does.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from engine.calls.given import Exchange, Given
from engine.configuration import ConfigurationSet
from engine.engine import Engine
from engine.execution import Execution
from engine.files import BadFile, read_json
from engine.library import NO_MODULES, Sources, drafts, mentioned, sha256
from engine.models import PipelineRule, Revision, TenantSettings, Transaction
from engine.recorder import NoRecorder

TENANT = "cases"
YEARS = range(1970, 2200)  # of a clock: what nanoseconds since the epoch can say in 63 bits

EXPECTABLE = "decision idToken accessToken denial redirect multifactor updates warnings logs calls".split()


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`clock` is the time the rule sees; its chance comes from `seed`, or from the case's name. Of `expect` only the
    given keys are compared, each whole, and of each of `calls` what is said of it. The rule reads `configuration`, and
    finds in `cache` what stands there; each of `http` answers one of its calls, and nothing goes outside."""

    name: str
    user: dict[str, Any] | None
    context: dict[str, Any]
    expect: dict[str, Any]
    clock: datetime | None = None
    seed: str | None = None
    configuration: dict[str, str] = {}
    http: tuple[Exchange, ...] = ()
    cache: dict[str, Any] = {}


class CaseFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    cases: list[Case]


class BadCases(BadFile):
    """A case file that cannot be used; the message names the file and the place."""


def read_cases(path: Path) -> list[Case]:
    """The cases of `NAME.cases.json`. Raises `BadCases`."""
    try:
        cases = read_json(path, CaseFile).cases
    except BadFile as error:
        raise BadCases(path, error.message, error.place) from None
    for case in cases:
        if unknown := case.expect.keys() - set(EXPECTABLE):
            text = f"case `{case.name}` expects `{min(unknown)}`: known are {', '.join(EXPECTABLE)}"
            raise BadCases(path, text)
        if case.clock is not None and case.clock.year not in YEARS:
            raise BadCases(path, f"case `{case.name}` has a `clock` outside of {YEARS[0]} to {YEARS[-1]}")
    return cases


async def run_case(
    engine: Engine,
    rule: str,
    script: str,
    case: Case,
    *,
    modules: Sources = NO_MODULES,
    given: Given | None = None,
    traced: bool = False,
) -> Execution:
    """The execution of the script alone, under the name `rule`, over the case's transaction; recorded nowhere. It may
    import `modules`. Its calls are answered as the case says, or by `given`.

    Raises what `Engine.evaluate` does. A script that does not compile is a step that was `refused`.
    """
    alone = PipelineRule(
        id="case",
        name=rule,
        version=1,
        sha256=sha256(script),
        order=1,
        enabled=True,
        on_failure="deny",
        imports=mentioned(script, modules),
    )
    return await engine.evaluate(
        Transaction(
            tenant=TENANT,
            user=None if case.user is None else msgspec.json.encode(case.user),
            context=msgspec.json.encode(case.context),
        ),
        revision=Revision(
            tenant=TENANT,
            number=1,
            rules=(alone,),
            settings=TenantSettings(),
            created_at=datetime.now(UTC),
            created_by=TENANT,
            modules=drafts(modules),
        ),
        scripts={sha256(text): text for text in (script, *modules.values())},
        recorder=NoRecorder(),
        clock=clock_of(case),
        seed=seed_of(case.seed or case.name),
        configuration=ConfigurationSet(None, case.configuration, own=True),
        outside=given or Given(case.http, case.cache),
        traced=traced,
    )


def seed_of(text: str) -> bytes:
    """The seed that a case names by a text: the same chance every time."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def clock_of(case: Case) -> int | None:
    """The case's clock in nanoseconds since the epoch."""
    return None if case.clock is None else nanoseconds(case.clock)


def nanoseconds(clock: datetime) -> int:
    """A clock in nanoseconds since the epoch; a time without a zone is UTC. Its year must be one of `YEARS`."""
    moment = clock if clock.tzinfo else clock.replace(tzinfo=UTC)
    return int(moment.timestamp() * 1_000_000) * 1000


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
    """As JSON text with sorted names: `True` is not `1` in a token."""
    return msgspec.json.encode(value, order="sorted")
