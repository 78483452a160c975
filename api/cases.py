"""Cases over HTTP: run against a draft, and kept beside a rule."""

from __future__ import annotations

import hashlib
import time
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType
from starlette.responses import Response

from api.answers import Record
from api.body import decode_json, json_response
from api.call import Call
from api.errors import ApiError
from api.rules import Modules, Name
from api.trial import Draft, drafted
from engine.cases import LARGEST_CASES, Case, CaseFile, InvalidCases, kept_cases, lines_run, require_valid, run_under
from engine.execution import Execution
from engine.expecting import CaseDifference, parts, told
from engine.models import Recording, Revision
from engine.record import record, shown
from engine.store.cases import KeptCases
from engine.store.errors import EtagMismatch
from engine.transaction import InvalidTransaction

NONE = '{"cases":[]}'
MOST_RUN = 100  # in one call
WITHIN = 30.0  # seconds, all of them
LARGEST_ANSWER = 16 * 1024 * 1024  # bytes of all results


class CasesToRun(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The script imports `modules` (their sources by name), or the live ones. With `coverage` it runs under a tracer,
    which tells the lines."""

    script: str
    cases: list[Case]
    name: Name = "draft"
    modules: Modules | None = None
    coverage: bool = False


class CaseResult(msgspec.Struct, frozen=True, kw_only=True):
    """One case, in the order they were given. `passed` is one without `differences`; `execution` is the record, which
    is stored nowhere."""

    name: str
    passed: bool
    ms: float
    differences: list[CaseDifference]
    execution: Record


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """`lines` of the script hold a statement; `missing` are those of them that no case has run."""

    lines: list[int]
    missing: list[int]


class CaseResults(msgspec.Struct, frozen=True, kw_only=True):
    passed: int
    failed: int
    results: list[CaseResult]
    coverage: Coverage | UnsetType = UNSET


async def run(call: Call) -> Response:
    """Run cases against a draft. Executions as in production, each of the script alone, which are recorded nowhere."""
    body = await call.json(CasesToRun)
    if len(body.cases) > MOST_RUN:
        raise InvalidCases("$.cases", f"at most {MOST_RUN} cases are run in one call: give fewer")
    require_valid(body.cases)
    for case in body.cases:
        call.service.configurations.given(case.configuration)  # as a tenant's own would be
    live = await call.service.store.live_revision(call.tenant)
    revision, scripts = await drafted(call, live, [Draft(body.script, body.name)], body.modules)
    every = frozenset[int]()
    if body.coverage:
        every = frozenset((await call.service.pool.outline(body.script)).lines)
    ran = set[int]()
    passed = size = 0
    results: list[msgspec.Raw] = []
    began = time.monotonic()
    for place, case in enumerate(body.cases):
        if time.monotonic() - began > WITHIN:
            raise ApiError("unprocessable", f"{place} cases took {WITHIN:g} s: give fewer in one call")
        execution = await _run(call, revision, scripts, place, case, body.coverage)
        ran |= lines_run(execution)
        differences = told(case, parts(execution))
        passed += not differences
        text = _result(case, execution, differences, live.settings.recording)
        if (size := size + len(text)) > LARGEST_ANSWER:
            raise ApiError("unprocessable", f"the results are longer than {LARGEST_ANSWER} bytes: give fewer cases")
        results.append(msgspec.Raw(text))
    answer: dict[str, Any] = {"passed": passed, "failed": len(results) - passed, "results": results}
    if body.coverage:
        answer["coverage"] = Coverage(lines=sorted(every), missing=sorted(every - ran))
    return json_response(answer)


async def kept(call: Call) -> Response:
    """The cases beside a rule. Without any the list is empty."""
    found = await call.service.store.cases(call.tenant, call.path("id"))
    return _answer(found.text if found is not None else NONE)


async def keep(call: Call) -> Response:
    """Put cases beside a rule, in the place of those before. An empty list removes them. `If-Match` is honoured."""
    body = await call.body()
    if len(body) > LARGEST_CASES:
        raise ApiError("payload_too_large", f"the cases of a rule are longer than {LARGEST_CASES} bytes: keep fewer")
    decode_json(body, CaseFile)
    file = kept_cases(body)
    rule = call.path("id")

    def guard(before: KeptCases | None) -> None:
        if call.expects_other(_etag(before.text if before is not None else NONE)):
            raise EtagMismatch("cases of rule", rule)

    text = body.decode() if file.cases else NONE
    await call.service.store.put_cases(call.tenant, rule, text, len(file.cases), by=call.by, guard=guard)
    return _answer(text)


def _answer(text: str) -> Response:
    """As it was written: who keeps a file here gets that file back."""
    return Response(text, headers={"ETag": _etag(text)}, media_type="application/json")


def _etag(text: str) -> str:
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:20]}"'


async def _run(
    call: Call, revision: Revision, scripts: dict[str, str], place: int, case: Case, traced: bool
) -> Execution:
    try:
        return await run_under(call.service.engine, revision, scripts, case, background=True, traced=traced)
    except InvalidTransaction as error:
        path = f"$.cases[{place}]{error.path.removeprefix('$')}"
        raise ApiError(
            "invalid_request", f"`{path}`: {error}", problems=[{"path": path, "message": str(error)}]
        ) from None


def _result(case: Case, execution: Execution, differences: list[CaseDifference], recording: Recording) -> bytes:
    result = {
        "name": case.name,
        "passed": not differences,
        "ms": round(execution.seconds * 1000, 3),
        "differences": differences,
        "execution": shown(record(execution), recording),
    }
    return msgspec.json.encode(result)
