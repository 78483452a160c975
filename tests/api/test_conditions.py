"""Conditions: a rule runs only for the logins that it is for, and what did not run says why."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from engine.models import Conditions
from tests.api import fresh
from tests.service import Running, running

pytestmark = pytest.mark.anyio

SETS = "context.idToken['https://example.com/{0}'] = True"


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("conditions")) as service:
        yield service


@pytest.fixture
async def tenant(service: Running) -> str:
    return await fresh.tenant(service)


def given(conditions: dict[str, Any]) -> Conditions:
    return msgspec.convert(conditions, Conditions)


async def steps(service: Running, tenant: str, execution: str) -> list[dict[str, Any]]:
    response = await service.call("GET", f"/v1/executions/{execution}", tenant=tenant)
    assert response.status_code == 200, response.text
    return response.json()["steps"]  # type: ignore[no-any-return]


async def claims(service: Running, tenant: str, context: dict[str, Any]) -> list[str]:
    answer = await service.execute({"user_id": "u"}, context, tenant=tenant)
    assert answer["decision"] == "allow", answer
    return [name.rpartition("/")[2] for name in answer["idToken"]]


@pytest.mark.parametrize(
    ("conditions", "context", "runs"),
    [
        ({}, {}, True),
        ({"clients": []}, {}, True),
        ({"clients": ["a", "b"]}, {"clientID": "b"}, True),
        ({"clients": ["a", "b"]}, {"clientID": "B"}, False),
        ({"clients": ["a"]}, {}, False),
        ({"clients": ["a"]}, {"clientID": None}, False),
        ({"clients": ["a"]}, {"clientID": ["a"]}, False),
        ({"clients": ["1"]}, {"clientID": 1}, False),
        ({"connections": ["google"]}, {"connection": "google"}, True),
        ({"connections": ["google"]}, {"connection": "github"}, False),
        ({"protocols": ["oauth2-password"]}, {"protocol": "oauth2-password"}, True),
        ({"protocols": ["oauth2-password"]}, {"protocol": "oidc-basic-profile"}, False),
        ({"clients": ["a"], "connections": ["c"]}, {"clientID": "a", "connection": "c"}, True),
        ({"clients": ["a"], "connections": ["c"]}, {"clientID": "a", "connection": "d"}, False),
    ],
)
async def test_which_logins(
    service: Running, tenant: str, conditions: dict[str, Any], context: dict[str, Any], runs: bool
) -> None:
    await service.add("first", SETS.format("first"), tenant=tenant, conditions=given(conditions))
    await service.add("second", SETS.format("second"), tenant=tenant)
    assert await claims(service, tenant, context) == ["first"] * runs + ["second"]


async def test_the_trace_says_why(service: Running, tenant: str) -> None:
    await service.add("first", SETS.format("first"), tenant=tenant, conditions=given({"clients": ["shop", "blog"]}))
    await service.add("second", SETS.format("second"), tenant=tenant)
    answer = await service.execute({"user_id": "u"}, {"clientID": "wiki"}, tenant=tenant)
    first, second = await steps(service, tenant, answer["execution_id"])
    reason = "it runs only for the clients `shop`, `blog`: `context.clientID` is `wiki`"
    assert (first["rule"], first["outcome"], first["reason"], first["writes"]) == ("first", "skipped", reason, [])
    assert (second["rule"], second["outcome"], second["reason"]) == ("second", "passed", None)
    assert answer["warnings"] == []
    path = f"/v1/executions/{answer['execution_id']}/why?claim=https://example.com/first"
    found = (await service.call("GET", path, tenant=tenant)).json()
    assert [(one["code"], one["rule"], one["line"]) for one in found["reasons"]] == [
        ("conditions_unmet", "first", 2),
        ("never_set", None, None),
    ]
    assert found["reasons"][0]["text"] == f"rule `first` sets it in line 2, and was skipped: {reason}"


async def test_no_rule_at_all_is_for_a_login(service: Running, tenant: str) -> None:
    await service.add("only", SETS.format("only"), tenant=tenant, conditions=given({"protocols": ["samlp"]}))
    answer = await service.execute({"user_id": "u"}, {"idToken": {"nickname": "n"}}, tenant=tenant)
    assert (answer["decision"], answer["idToken"]) == ("allow", {"nickname": "n"})
    (step,) = await steps(service, tenant, answer["execution_id"])
    assert step["reason"] == "it runs only for the protocols `samlp`: `context.protocol` is not there"


async def test_no_rule_changes_whether_another_runs(service: Running, tenant: str) -> None:
    await service.add("liar", "context.clientID = 'a'\ncontext.protocol = 'p'", tenant=tenant)
    await service.add("first", SETS.format("first"), tenant=tenant, conditions=given({"clients": ["a"]}))
    await service.add("second", SETS.format("second"), tenant=tenant, conditions=given({"clients": ["b"]}))
    assert await claims(service, tenant, {"clientID": "b"}) == ["second"]


async def test_a_rule_that_stands_apart_takes_no_blame(service: Running, tenant: str) -> None:
    """One that has to be killed is skipped, and those around it stay as they are."""
    await service.add("apart", SETS.format("apart"), tenant=tenant, conditions=given({"clients": ["a"]}))
    await service.add("hangs", "sum(range(10**12))", tenant=tenant, on_failure="skip")
    await service.add("after", SETS.format("after"), tenant=tenant)
    answer = await service.execute({"user_id": "u"}, {"clientID": "b"}, tenant=tenant)
    assert answer["decision"] == "allow"
    assert list(answer["idToken"]) == ["https://example.com/after"]
    found = await steps(service, tenant, answer["execution_id"])
    assert [step["outcome"] for step in found] == ["skipped", "timed_out", "passed"]


async def test_a_replay_decides_by_the_conditions_of_its_revision(service: Running, tenant: str) -> None:
    rule = await service.add("first", SETS.format("first"), tenant=tenant, conditions=given({"clients": ["a"]}))
    answer = await service.execute({"user_id": "u"}, {"clientID": "b"}, tenant=tenant)
    path = f"/v1/executions/{answer['execution_id']}/replay"
    replay = (await service.call("POST", path, {}, tenant=tenant)).json()
    assert (replay["identical"], replay["differences"]) == (True, [])
    patched = await service.call("PATCH", f"/v1/rules/{rule.id}", {"conditions": {}}, tenant=tenant)
    assert (patched.status_code, patched.json()["conditions"]) == (200, {})
    now = patched.json()["revision"]
    other = (await service.call("POST", path, {"revision": now}, tenant=tenant)).json()
    assert other["identical"] is False
    drafts = [{"name": "first", "script": rule_script("first"), "conditions": {"clients": ["c"]}}]
    third = (await service.call("POST", path, {"rules": drafts}, tenant=tenant)).json()
    assert third["identical"] is True


def rule_script(name: str) -> str:
    return f"def rule(user, context):\n    {SETS.format(name)}\n"


async def test_they_are_kept_with_the_rule_and_its_revision(service: Running, tenant: str) -> None:
    wanted = {"clients": ["a"], "protocols": ["oauth2-password"]}
    body = {"name": "one", "script": rule_script("one"), "conditions": wanted}
    made = await service.call("POST", "/v1/rules", body, tenant=tenant)
    assert (made.status_code, made.json()["conditions"]) == (201, wanted)
    first = made.json()["revision"]
    draft = {"conditions": {"connections": ["c"]}, "deploy": False}
    saved = (await service.call("PATCH", f"/v1/rules/{made.json()['id']}", draft, tenant=tenant)).json()
    assert (saved["conditions"], saved["draft"]["conditions"]) == (wanted, {"connections": ["c"]})
    put = {"expected": first, "rules": [{**body, "order": 1, "conditions": {"connections": ["d"]}}]}
    revision = (await service.call("PUT", "/v1/rules", put, tenant=tenant)).json()
    assert [rule["conditions"] for rule in revision["rules"]] == [{"connections": ["d"]}]
    restored = await service.call("POST", f"/v1/revisions/{first}/activate", {}, tenant=tenant)
    assert restored.status_code == 200, restored.text
    rule = (await service.call("GET", f"/v1/rules/{made.json()['id']}", tenant=tenant)).json()
    assert (rule["conditions"], rule["draft"]) == (wanted, None)


@pytest.mark.parametrize(
    ("conditions", "place"),
    [
        ({"client": ["a"]}, "unknown field `client`"),
        ({"clients": "a"}, "$.conditions.clients"),
        ({"clients": [""]}, "$.conditions.clients[0]"),
        ({"clients": ["a\n"]}, "$.conditions.clients[0]"),
        ({"clients": ["x" * 301]}, "$.conditions.clients[0]"),
        ({"clients": ["x"] * 501}, "$.conditions.clients"),
        (None, "$.conditions"),
    ],
)
async def test_what_is_no_condition_is_refused(service: Running, tenant: str, conditions: Any, place: str) -> None:
    body = {"name": "one", "script": rule_script("one"), "conditions": conditions}
    response = await service.call("POST", "/v1/rules", body, tenant=tenant)
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")
    assert place in response.json()["error_description"]


async def test_what_a_reason_quotes_is_redacted(service: Running, tenant: str) -> None:
    settings = {"recording": {"redact": ["/context/clientID"]}}
    assert (await service.call("PATCH", f"/v1/tenants/{tenant}/settings", settings)).status_code == 200
    await service.add("one", SETS.format("one"), tenant=tenant, conditions=given({"clients": ["a"]}))
    answer = await service.execute({"user_id": "u"}, {"clientID": "a-long-secret-client"}, tenant=tenant)
    response = await service.call("GET", f"/v1/executions/{answer['execution_id']}", tenant=tenant)
    assert "a-long-secret-client" not in response.text
    assert response.json()["steps"][0]["reason"].endswith("`context.clientID` is `***`")
