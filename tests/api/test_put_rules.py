"""`PUT /v1/rules`: many rules live with one revision, or nothing of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.api import fresh
from tests.service import Running, running

pytestmark = pytest.mark.anyio

SCRIPT = "def rule(user, context):\n    context.idToken.x = user.user_id\n"
WRONG = "import os\n\ndef rule(user, context):\n    return 1\n"


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("x"), {"CLAIMSMITH_BODY_BYTES": "65536"}) as service:
        yield service


@pytest.fixture
async def tenant(service: Running) -> str:
    return await fresh.tenant(service)


def rule(name: str, script: str = SCRIPT, order: int = 1, **fields: Any) -> dict[str, Any]:
    return {"name": name, "script": script, "order": order, **fields}


async def put(service: Running, tenant: str, status: int, **body: Any) -> Any:
    response = await service.call("PUT", "/v1/rules", body, scope="rules:deploy", tenant=tenant)
    assert response.status_code == status, response.text
    return response.json()


async def test_they_are_live_with_the_answer(service: Running, tenant: str) -> None:
    answer = await put(service, tenant, 200, expected=1, rules=[rule("b", order=2), rule("a", on_failure="skip")])
    assert answer["revision"] == 2
    assert [(r["name"], r["version"], r["enabled"], r["on_failure"]) for r in answer["rules"]] == [
        ("a", 1, True, "skip"),
        ("b", 1, True, "deny"),
    ]
    assert (await service.execute(tenant=tenant))["idToken"] == {"x": "u1"}
    assert (await put(service, tenant, 200, expected=2, rules=[rule("b", order=2)]))["revision"] == 2
    answer = await put(service, tenant, 200, expected=2, rules=[rule("b", order=2)], prune=True)
    assert (answer["revision"], [r["name"] for r in answer["rules"]]) == (3, ["b"])
    assert (await put(service, tenant, 409, expected=2, rules=[]))["problems"] == [
        {"code": "revision_race", "message": "revision `3` is live, not `2`"}
    ]


async def test_all_problems_of_all_scripts_are_named(service: Running, tenant: str) -> None:
    rules = [rule("good"), rule("bad", WRONG), rule("worse", "def rule(:")]
    answer = await put(service, tenant, 422, expected=1, rules=rules)
    assert answer["error"] == "invalid_rule"
    assert answer["error_description"].startswith("rule `bad`, line 1, column 8: ")
    assert answer["error_description"].endswith("(and 1 more)")
    found = [(p["rule"], p["line"], p["column"], p["code"], p["severity"]) for p in answer["problems"]]
    assert found == [
        ("bad", 1, 8, "import_not_allowed", "error"),
        ("bad", 4, 5, "return_ignored", "hint"),
        ("worse", 1, 10, "syntax_error", "error"),
    ]
    assert (await service.call("GET", "/v1/rules", tenant=tenant)).json() == {"revision": 1, "rules": []}
    # Who is too late is told that, whatever the scripts are.
    await put(service, tenant, 409, expected=2, rules=rules)


async def test_a_script_that_has_compiled_here_is_not_compiled_again(service: Running, tenant: str) -> None:
    scripts = [SCRIPT + f"# {tenant} {n}\n" for n in range(3)]
    for script in scripts[:2]:
        assert (await service.call("POST", "/v1/rules/check", {"script": script})).json() == {"problems": []}
    before = service.service.pool.counts.compiles
    await put(service, tenant, 200, expected=1, rules=[rule(f"r{n}", script) for n, script in enumerate(scripts)])
    assert service.service.pool.counts.compiles == before + 1


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"rules": []}, "$"),
        ({"expected": 0, "rules": []}, "$.expected"),
        ({"expected": 1, "rules": [rule("../x")]}, "$.rules[0].name"),
        ({"expected": 1, "rules": [rule("x", order=-1)]}, "$.rules[0].order"),
        ({"expected": 1, "rules": [{"name": "x", "order": 1}]}, "$.rules[0]"),
        ({"expected": 1, "rules": [rule("x", deploy=True)]}, "$.rules[0]"),
        ({"expected": 1, "rules": [rule("x")] * 2001}, "$.rules"),
    ],
)
async def test_bad_bodies(service: Running, tenant: str, body: dict[str, Any], path: str) -> None:
    answer = await put(service, tenant, 400, **body)
    assert (answer["error"], answer["problems"][0]["path"]) == ("invalid_request", path)


async def test_a_long_body(service: Running, tenant: str) -> None:
    """Sixteen times what other calls may send."""
    text = SCRIPT + "#" * 50_000 + "\n"
    rules = [rule(f"r{n}", text, n) for n in range(15)]
    assert (await put(service, tenant, 200, expected=1, rules=rules))["revision"] == 2
    answer = await put(service, tenant, 413, expected=2, rules=[*rules, *rules])
    assert answer["error_description"] == "the body is larger than 1048576 bytes"


async def test_unknown_rules_and_taken_names(service: Running, tenant: str) -> None:
    await service.add("one", "pass", tenant=tenant)
    answer = await put(service, tenant, 404, expected=2, rules=[rule("x", id="rul_never")])
    assert answer["error_description"] == "rule `rul_never` does not exist"
    other = await service.add("theirs", "pass", tenant=await fresh.tenant(service))
    assert (await put(service, tenant, 404, expected=2, rules=[rule("x", id=other.id)]))["error"] == "not_found"
    answer = await put(service, tenant, 409, expected=2, rules=[rule("x"), rule("x")])
    assert answer["problems"][0]["code"] == "name_taken"


async def test_of_many_at_once_one_is_first(service: Running, tenant: str) -> None:
    body = {"expected": 1, "rules": [rule("r")]}
    answers = await asyncio.gather(
        *(service.call("PUT", "/v1/rules", {**body, "rules": [rule(f"r{n}")]}, tenant=tenant) for n in range(8))
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    assert len((await service.call("GET", "/v1/rules", tenant=tenant)).json()["rules"]) == 1
