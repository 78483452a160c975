"""Why a claim is missing that a rule would have set, had it taken another way: each by a real login."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.api import fresh
from tests.service import Running, running

pytestmark = pytest.mark.anyio

SET = "context.idToken['a'] = 1"


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("ways")) as service:
        yield service


@pytest.fixture
async def tenant(service: Running) -> str:
    return await fresh.tenant(service)


async def reasons(service: Running, tenant: str, user: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await service.execute({"user_id": "u1", **user}, {"clientID": "c1"}, tenant=tenant)
    response = await service.call("GET", f"/v1/executions/{answer['execution_id']}/why?claim=a", tenant=tenant)
    assert response.status_code == 200, response.text
    assert response.json()["present"] is False
    return response.json()["reasons"]  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("body", "user", "code", "line", "says"),
    [
        (f"if context.clientID == 'c2':\n    {SET}", {}, "branch", 3,
         "the `if` in line 2 was false: `context.clientID == 'c2'` (`context.clientID` was \"c1\")"),
        (f"if user.get('plan') == 'gold':\n    {SET}", {}, "branch", 3, "(`user.plan` was not there)"),
        (f"if user.get('plan') == 'gold':\n    {SET}", {"plan": "free"}, "branch", 3, '(`user.plan` was "free")'),
        (f"user.plan = 'free'\nif user.plan == 'gold':\n    {SET}", {"plan": "gold"}, "branch", 4,
         '(`user.plan` was "free")'),
        (f"if user.get('a'):\n    pass\nelse:\n    {SET}", {"a": 1}, "branch", 5,
         "the `if` in line 2 was true: `user.get('a')`"),
        (f"if user.get('a'):\n    if user.get('b'):\n        {SET}", {"a": 1}, "branch", 4,
         "the `if` in line 3 was false"),
        (f"if user.get('a'):\n    if user.get('b'):\n        {SET}", {"b": 1}, "branch", 4,
         "the `if` in line 2 was false"),
        (f"if user.get('a'):\n    pass\nelif user.get('b'):\n    {SET}", {}, "branch", 5,
         "the `if` in line 4 was false"),
        (f"if not user.get('a'):\n    return\n{SET}", {}, "returned_before", 4,
         "it had ended at the `if` in line 2: `not user.get('a')` (`user.a` was not there)"),
        (f"for role in user.get('roles', []):\n    {SET}", {"roles": []}, "nothing_to_go_through", 3,
         "the loop in line 2 had nothing to go through: `user.get('roles', [])` (`user.roles` was [])"),
        (f"while user.get('n', 0) > 3:\n    {SET}", {"n": 3}, "branch", 3, "the `while` in line 2 was false"),
        (f"match user.kind:\n    case 'admin':\n        {SET}", {"kind": "guest"}, "another_case", 4,
         '(`user.kind` was "guest")'),
        (f"try:\n    x = user.plan\nexcept AttributeError:\n    {SET}", {"plan": 1}, "nothing_failed", 5,
         "in the `try` of line 2"),
        ("put(context, user)", {}, "branch", 3, "the `if` in line 2 was false: `user.get('ok')`"),
    ],
)  # fmt: skip
async def test_ways(
    service: Running, tenant: str, body: str, user: dict[str, Any], code: str, line: int, says: str
) -> None:
    if body.startswith("put"):
        helper = f"def put(context, user):\n    if user.get('ok'):\n        {SET}\n"
        script = f"{helper}def rule(user, context):\n    put(context, user)\n"
        await service.add("r", "", script=script, tenant=tenant)
    else:
        await service.add("r", body, tenant=tenant)
    found = await reasons(service, tenant, user)
    assert (found[0]["code"], found[0]["rule"], found[0]["line"]) == (code, "r", line), found
    assert found[0]["text"].startswith(f"rule `r` sets it in line {line}, but ")
    assert says in found[0]["text"]


async def test_a_rule_that_ran_before_what_it_needs(service: Running, tenant: str) -> None:
    await service.add("copy", f"if user.get('permissions'):\n    {SET}", tenant=tenant)
    await service.add("provide", "user.permissions = ['x']", tenant=tenant)
    found = await reasons(service, tenant, {})
    assert [reason["code"] for reason in found] == ["branch", "ran_before_input", "never_set"]
    assert found[1]["text"] == (
        "rule `copy` needs `user.permissions` in line 2, which rule `provide` sets in line 2, later: "
        "let `provide` run before `copy`"
    )


async def test_a_line_that_could_not_be_told(service: Running, tenant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody can run it again just now, what the line needs is said all the same."""
    await service.add("r", f"if context.clientID == 'c2':\n    {SET}", tenant=tenant)

    async def nothing(*_: object) -> None:
        return None

    monkeypatch.setattr(service.service.explainer, "_lines", nothing)
    found = await reasons(service, tenant, {})
    assert found[0]["code"] == "not_reached"
    assert "`context.clientID == 'c2'` (`context.clientID` was \"c1\")" in found[0]["text"]


async def test_a_rule_that_was_ended_in_a_loop(service: Running, tenant: str) -> None:
    await service.add("r", f"while True:\n    pass\n{SET}", tenant=tenant, on_failure="skip")
    found = await reasons(service, tenant, {})
    assert (found[0]["code"], found[0]["line"]) == ("ended_before", 4)
