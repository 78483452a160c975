"""Cases over HTTP: run in the real sandbox as `claimsmith test` runs them, and kept beside their rule."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest
import structlog

from api import cases
from cli import trials
from engine.cases import read_cases
from engine.files import read_script
from tests.api import fresh
from tests.service import Running, running

pytestmark = pytest.mark.anyio

SAMPLES = Path(__file__).parent.parent.parent / "sample_rules"
CLAIM = "https://example.com/a"
SCRIPT = f"""\
from words import greeting

def rule(user, context):
    if user.get("blocked"):
        raise UnauthorizedError("not you")
    context.idToken["{CLAIM}"] = greeting + user.user_id
    print("done")
"""
WORDS = {"words": 'x = 1\n\n\n\ngreeting = "hello "\n'}


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("cases")) as service:
        yield service


@pytest.fixture
async def tenant(service: Running) -> str:
    return await fresh.tenant(service)


def case(name: str = "c", **given: Any) -> dict[str, Any]:
    return {"name": name, "user": {"user_id": "u1"}, "context": {}, "expect": {"decision": "allow"}, **given}


async def run(service: Running, tenant: str, script: str, *cases: Any, status: int = 200, **fields: Any) -> Any:
    body = {"script": script, "cases": cases, **fields}
    response = await service.call("POST", "/v1/cases/run", body, scope="rules:write", tenant=tenant)
    assert response.status_code == status, response.text
    return response.json()


async def test_each_case_says_what_came_out(service: Running, tenant: str) -> None:
    good = case("good", expect={"idToken": {CLAIM: "hello u1"}, "logs": ["done"]})
    bad = case("bad", expect={"idToken": {CLAIM: "hello u2", "b": 1}, "decision": "deny"})
    denied = case("denied", user={"user_id": "u1", "blocked": True}, expect={"decision": "deny"})
    answer = await run(service, tenant, SCRIPT, good, bad, denied, modules=WORDS, name="greets")
    assert (answer["passed"], answer["failed"]) == (2, 1)
    assert [(one["name"], one["passed"]) for one in answer["results"]] == [
        ("good", True),
        ("bad", False),
        ("denied", True),
    ]
    assert answer["results"][1]["differences"] == [
        {"part": f'idToken["{CLAIM}"]', "expected": "hello u2", "found": "hello u1"},
        {"part": 'idToken["b"]', "expected": 1},
        {"part": "decision", "expected": "deny", "found": "allow"},
    ]
    record = answer["results"][0]["execution"]
    assert record["idToken"] == {CLAIM: "hello u1"}
    assert (record["steps"][0]["rule"], record["steps"][0]["writes"][0]["line"]) == ("greets", 6)
    assert answer["results"][0]["ms"] > 0
    assert "coverage" not in answer
    listed = await service.call("GET", "/v1/executions", tenant=tenant)
    assert listed.json()["executions"] == []


async def test_which_lines_ran(service: Running, tenant: str) -> None:
    """Lines of a module that have the same numbers are none of the script's."""
    answer = await run(service, tenant, SCRIPT, case(), modules=WORDS, coverage=True)
    assert answer["coverage"]["missing"] == [5]
    assert set(answer["coverage"]["lines"]) >= {4, 5, 6, 7}
    denied = case(user={"user_id": "u1", "blocked": True})
    answer = await run(service, tenant, SCRIPT, denied, modules=WORDS, coverage=True)
    assert answer["coverage"]["missing"] == [6, 7]
    assert (await run(service, tenant, SCRIPT, case(), denied, modules=WORDS, coverage=True))["coverage"][
        "missing"
    ] == []


@pytest.mark.parametrize("name", ["access-on-weekdays", "gallery/slack", "gallery/adaptive-mfa", "age-confirmed"])
async def test_it_is_as_on_the_command_line(service: Running, tenant: str, name: str) -> None:
    path = SAMPLES / f"{name}.py"
    given = json.loads(path.with_suffix(".cases.json").read_text())["cases"]
    given.append({**given[0], "name": "fails", "expect": {"decision": "redirect", "idToken": {"b": 1}, "logs": ["x"]}})
    sources = {file.stem: file.read_text() for file in (path.parent / "modules").glob("*.py")}
    answer = await run(service, tenant, path.read_text(), *given, modules=sources, coverage=True)
    case_file = path.with_suffix(".cases.json")
    tested = trials.Tested(path=path, script=read_script(path), cases=read_cases(case_file), modules=sources)
    assert answer["failed"] == 1
    assert not answer["results"][-1]["passed"]
    assert answer["results"][-1]["differences"]
    here = await _here(tested)
    assert [(one.case, one.passed) for one in here] == [(one["name"], one["passed"]) for one in answer["results"][:-1]]
    every = frozenset[int]().union(*(one.all_lines for one in here))
    ran = frozenset[int]().union(*(one.lines for one in here))
    assert answer["coverage"] == {"lines": sorted(every), "missing": sorted(every - ran)}


async def _here(tested: trials.Tested) -> Any:
    # It has a loop of its own, and logs nothing, as a command does.
    logs, pool = structlog.get_config(), logging.getLogger("sqlalchemy.pool")
    level = pool.level
    try:
        return await anyio.to_thread.run_sync(lambda: trials.results([tested], None, lambda: None, traced=True))
    finally:
        structlog.configure(**logs)
        pool.setLevel(level)


async def test_a_case_has_its_own_answers_and_no_others(service: Running, tenant: str) -> None:
    """What is live is neither read nor asked."""
    response = await service.call("PUT", "/v1/configuration/KEY", {"value": "a live value 1"}, tenant=tenant)
    assert response.status_code == 200
    script = "def rule(user, context):\n    context.idToken.a = [configuration.get('KEY'), cache.get('k')]\n"
    answer = await run(
        service, tenant, script,
        case("none", expect={"idToken": {"a": [None, None]}}),
        case("own", configuration={"KEY": "own"}, cache={"k": 1}, expect={"idToken": {"a": ["own", 1]}}),
    )  # fmt: skip
    assert answer["passed"] == 2, answer
    script = "def rule(user, context):\n    context.idToken.a = http.get('https://example.com/x').status_code\n"
    response = await run(service, tenant, script, case(http=[{"url": "https://example.com/x", "status": 201}]))
    assert response["results"][0]["execution"]["idToken"] == {"a": 201}


async def test_what_goes_wrong_in_a_rule_is_a_result(service: Running, tenant: str) -> None:
    script = "def rule(user, context):\n    while user.get('loops'):\n        pass\n    1 / 0\n"
    loops = case("loops", user={"user_id": "u1", "loops": True}, expect={"decision": "deny"})
    answer = await run(service, tenant, script, loops, case("raises"))
    outcomes = [one["execution"]["steps"][0]["outcome"] for one in answer["results"]]
    assert outcomes == ["timed_out", "raised"]
    assert answer["results"][1]["execution"]["steps"][0]["error"]["line"] == 4


PASSES = "def rule(user, context):\n    pass\n"
REFUSED: dict[str, tuple[dict[str, Any], int, str]] = {
    "a script with problems": ({"script": "import os", "cases": [case()]}, 422, "line 1"),
    "an unknown part": ({"cases": [case(expect={"claims": 1})]}, 400, "$.cases[0].expect"),
    "a clock of no clock": ({"cases": [case(), case(clock="9999-01-01T00:00:00Z")]}, 400, "$.cases[1].clock"),
    "too many": ({"cases": [case()] * (cases.MOST_RUN + 1)}, 400, "give fewer"),
    "no configuration": ({"cases": [case(configuration={"a b": "x"})]}, 422, "a b"),
    "no context": ({"cases": [case(context={"idToken": []})]}, 400, "$.cases[0].context.idToken"),
    "an unknown field": ({"cases": [case(wanted=1)]}, 400, "wanted"),
    "both ways": ({"cases": case()}, 400, "$.cases"),
}


@pytest.mark.parametrize("what", REFUSED)
async def test_what_is_refused(service: Running, tenant: str, what: str) -> None:
    body, status, said = REFUSED[what]
    body = {"script": PASSES, **body}
    response = await service.call("POST", "/v1/cases/run", body, scope="rules:write", tenant=tenant)
    assert response.status_code == status, response.text
    assert said in response.json()["error_description"]


FILE = b"""{ "cases":
  [ {"name": "\\u00fc \xc3\xbc", "user": {"n": 1.0, "big": 1180591620717411303424}, "context": {}, "expect": {}} ] }
"""


async def test_cases_are_kept_byte_by_byte(service: Running, tenant: str) -> None:
    rule = await service.add("one", "pass", tenant=tenant)
    path = f"/v1/rules/{rule.id}/cases"
    empty = await service.call("GET", path, tenant=tenant, scope="rules:read")
    assert (empty.status_code, empty.json()) == (200, {"cases": []})
    put = await service.call("PUT", path, FILE, tenant=tenant, scope="rules:write")
    assert (put.status_code, put.content) == (200, FILE)
    got = await service.call("GET", path, tenant=tenant, scope="rules:read")
    assert (got.content, got.headers["etag"]) == (FILE, put.headers["etag"])
    assert got.headers["content-type"] == "application/json"
    assert got.headers["etag"] != empty.headers["etag"]
    whole = await service.call("GET", f"/v1/rules/{rule.id}", tenant=tenant)
    assert (whole.json()["revision"], whole.json()["draft"]) == (2, None)
    gone = await service.call("PUT", path, b'{"cases": [ ]}', tenant=tenant)
    assert (gone.json(), gone.headers["etag"]) == ({"cases": []}, empty.headers["etag"])


async def test_who_writes_over_cases_has_to_have_seen_them(service: Running, tenant: str) -> None:
    rule = await service.add("one", "pass", tenant=tenant)
    path = f"/v1/rules/{rule.id}/cases"
    body = {"cases": [case("a")]}

    async def put(body: Any, seen: str) -> Any:
        return await service.call("PUT", path, body, tenant=tenant, headers={"If-Match": seen})

    first = (await service.call("GET", path, tenant=tenant)).headers["etag"]
    assert (await put(body, '"other"')).status_code == 412
    second = await put(body, first)
    assert second.status_code == 200
    refused = await put({"cases": []}, first)
    assert (refused.status_code, refused.json()["error"]) == (412, "precondition_failed")
    assert (await service.call("GET", path, tenant=tenant)).json() == body
    assert (await put({"cases": []}, f'"other", {second.headers["etag"]}')).status_code == 200
    assert (await put(body, "*")).status_code == 200


KEPT: dict[str, tuple[bytes, int, str]] = {
    "no JSON": (b'{"cases": [}', 400, "line 1, column 12"),
    "a name twice": (b'{"cases": [], "cases": []}', 400, "stands twice"),
    "another field": (b'{"cases": [], "rule": 1}', 400, "rule"),
    "an unknown part": (json.dumps({"cases": [case(expect={"claims": 1})]}).encode(), 400, "$.cases[0].expect"),
    "too many": (json.dumps({"cases": [case()] * 501}).encode(), 400, "500 cases"),
    "too long": (b'{"cases": []' + b" " * 524_288 + b"}", 413, "longer than 524288"),
    "half a character": (b'{"cases": [], "a": "\\ud800"}', 400, "surrogate"),
}


@pytest.mark.parametrize("what", KEPT)
async def test_what_is_not_kept(service: Running, tenant: str, what: str) -> None:
    body, status, said = KEPT[what]
    rule = await service.add("one", "pass", tenant=tenant)
    response = await service.call("PUT", f"/v1/rules/{rule.id}/cases", body, tenant=tenant)
    assert (response.status_code, said in response.json()["error_description"]) == (status, True), response.text


async def test_an_export_has_them(service: Running, tenant: str) -> None:
    rule = await service.add("one", "pass", tenant=tenant)
    path, lines = f"/v1/rules/{rule.id}/cases", {"Content-Type": "application/x-ndjson"}
    without = (await service.call("GET", f"/v1/tenants/{tenant}/export")).content
    await service.call("PUT", path, FILE, tenant=tenant)
    export = (await service.call("GET", f"/v1/tenants/{tenant}/export")).content
    assert b'"kind":"cases"' in export
    assert b'"kind":"cases"' not in without

    async def import_(text: bytes, query: str = "") -> Any:
        return await service.call("PUT", f"/v1/tenants/{tenant}/import{query}", text, headers=lines)

    assert (await import_(export)).json()["outcome"] == "unchanged"
    refused = await import_(without)
    assert (refused.status_code, refused.json()["problems"]) == (409, [{"kind": "cases", "name": "one", "how": "more"}])
    replaced = await import_(without, "?replace=true")
    assert (replaced.json()["outcome"], replaced.json()["revision"]) == ("replaced", 2)
    assert (await service.call("GET", path, tenant=tenant)).json() == {"cases": []}
    assert (await import_(export, "?replace=true")).json()["outcome"] == "replaced"
    assert (await service.call("GET", path, tenant=tenant)).content == FILE
    await service.call("DELETE", f"/v1/tenants/{tenant}")
    assert (await import_(export)).json()["outcome"] == "made"
    assert (await service.call("GET", path, tenant=tenant)).content == FILE
    assert (await service.call("GET", f"/v1/tenants/{tenant}/export")).content == export


async def test_results_are_bounded(service: Running, tenant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases, "LARGEST_ANSWER", 100)
    assert "give fewer" in (await run(service, tenant, PASSES, case(), status=422))["error_description"]
    monkeypatch.setattr(cases, "WITHIN", -1.0)
    assert "give fewer" in (await run(service, tenant, PASSES, case(), status=422))["error_description"]
    assert await run(service, tenant, PASSES) == {"passed": 0, "failed": 0, "results": []}
