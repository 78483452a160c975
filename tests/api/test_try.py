"""Trying a draft: the same execution as in production, recorded nowhere."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.api import fresh
from tests.service import Running, running

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("x")) as service:
        yield service


@pytest.fixture
async def tenant(service: Running) -> str:
    return await fresh.tenant(service)


USER = {"user_id": "u1", "email": "a@b.c"}
CONTEXT = {"protocol": "oidc-basic-profile", "idToken": {"sub": "u1"}}
BODIES = {
    "allow": "context.idToken.x = user.email\nprint('hello')\nauth0.users.update_app_metadata('u1', {'a': 1})",
    "warned": "context.idToken.roles = [{1}]\ncontext.idToken.sub = 'x'\ncontext.accessToken.groups = {1}",
    "denied": "user.x = 1\nraise UnauthorizedError('no')",
    "raised": "user.x = 1\nraise ValueError('why')",
    "redirect": "context.redirect = {'url': 'https://c'}",
    "step up": "context.multifactor = {'provider': 'any'}",
    "killed": "sum(range(10 ** 12))",
}


def script(body: str) -> str:
    return "def rule(user, context):\n" + "".join(f"    {line}\n" for line in body.splitlines())


async def try_(service: Running, tenant: str, status: int = 200, **body: Any) -> Any:
    response = await service.call("POST", "/v1/try", body, scope="rules:write", tenant=tenant)
    assert response.status_code == status, response.text
    return response.json()


def comparable(record: dict[str, Any], *, ids: bool = True) -> dict[str, Any]:
    """A record without what differs from run to run: its id, clock and times; of a draft also its rules' ids."""
    other = {"execution_id", "clock", "ms", *([] if ids else ["revision"])}
    per_step = {"ms", *([] if ids else ["rule_id", "version"])}
    steps = [{k: v for k, v in step.items() if k not in per_step} for step in record["steps"]]
    return {k: v for k, v in record.items() if k not in other} | {"steps": steps}


@pytest.mark.parametrize("name", BODIES)
async def test_it_is_what_production_does(service: Running, tenant: str, name: str) -> None:
    await service.add("first", "user.first = 1", tenant=tenant)
    await service.add("draft", BODIES[name], tenant=tenant, on_failure="skip" if name == "killed" else "deny")
    written = service.service.records.written + service.service.records.waiting
    answer = await service.execute(USER, CONTEXT, tenant=tenant)
    recorded = await service.record(answer["execution_id"], tenant)
    tried = await try_(service, tenant, user=USER, context=CONTEXT)
    assert comparable(tried) == comparable(recorded)
    for key in ("decision", "idToken", "accessToken", "updates", "redirect", "multifactor", "denial", "warnings"):
        assert tried[key] == answer[key] == recorded[key]
    assert comparable(await try_(service, tenant, user=USER, context=CONTEXT, revision=3)) == comparable(recorded)
    drafts = [
        {"name": "first", "script": script("user.first = 1")},
        {"name": "draft", "script": script(BODIES[name]), "on_failure": "skip" if name == "killed" else "deny"},
    ]
    drafted = await try_(service, tenant, user=USER, context=CONTEXT, rules=drafts)
    assert comparable(drafted, ids=False) == comparable(recorded, ids=False)
    missing = await service.call("GET", f"/v1/executions/{tried['execution_id']}", tenant=tenant)
    assert missing.status_code == 404
    assert service.service.records.written + service.service.records.waiting == written + 1


async def test_one_script(service: Running, tenant: str) -> None:
    await service.add("live", "raise UnauthorizedError('live')", tenant=tenant)
    tried = await try_(service, tenant, user=USER, script=script("context.idToken.n = 1"))
    assert (tried["decision"], tried["idToken"], tried["revision"]) == ("allow", {"n": 1}, 2)
    assert [(s["rule"], s["rule_id"], s["version"], s["outcome"]) for s in tried["steps"]] == [
        ("draft", "draft-1", 0, "passed")
    ]
    assert (await try_(service, tenant, user=USER, revision=1))["idToken"] == {}
    assert (await try_(service, tenant, user=USER, rules=[]))["idToken"] == {}
    assert (await try_(service, tenant, user=USER))["decision"] == "deny"
    listed = await service.call("GET", "/v1/rules", tenant=tenant)
    assert [rule["name"] for rule in listed.json()["rules"]] == ["live"]


@pytest.mark.parametrize(
    "given",
    [
        {"script": "def rule(user, context): pass", "rules": []},
        {"script": "def rule(user, context): pass", "revision": 1},
        {"rules": [], "revision": 1},
    ],
)
async def test_one_of_three(service: Running, tenant: str, given: dict[str, Any]) -> None:
    answer = await try_(service, tenant, 400, user=USER, **given)
    assert answer == {
        "error": "invalid_request",
        "error_description": "give one of `script`, `rules` and `revision`",
        "problems": [],
    }


async def test_what_is_refused(service: Running, tenant: str) -> None:
    for revision in (2, 0, -1, 10**15):
        assert (await try_(service, tenant, 404, user=USER, revision=revision))["error"] == "not_found"
    invalid = await try_(service, tenant, 422, user=USER, rules=[{"script": script("pass")}, {"script": "x = ("}])
    assert (invalid["error"], invalid["problems"][0]["line"]) == ("invalid_rule", 1)
    too_many = await try_(service, tenant, 400, user=USER, rules=[{"script": script("pass")}] * 1001)
    assert too_many["error_description"] == "`$.rules`: at most 1000 rules"
    for body, path in (
        ({"user": []}, "$.user"),
        ({"user": USER, "context": None}, "$.context"),
        ({"user": USER, "context": {"idToken": "x"}}, "$.context.idToken"),
        ({"user": USER, "configuration": {"KEY": 1}}, "$.configuration[...]"),
        ({"user": USER, "http": [{"status": 200}]}, "$.http[0]"),
        ({"user": USER, "rules": [{"script": 1}]}, "$.rules[0].script"),
    ):
        answer = await try_(service, tenant, 400, **body)
        assert (answer["error"], answer["problems"][0]["path"]) == ("invalid_request", path)


async def test_names_twice_as_in_execute(service: Running, tenant: str) -> None:
    await service.add("r", "context.idToken.n = user.n", tenant=tenant)
    inside = b'{"user": {"n": 1, "n": 2}, "context": {"idToken": {"a": 1, "a": 2}}}'
    for path in ("/v1/try", "/v1/execute"):
        response = await service.call("POST", path, inside, tenant=tenant)
        assert (response.status_code, response.json()["idToken"]) == (200, {"a": 2, "n": 2})
        for body in (b'{"user": {}, "user": {"n": 1}}', b'{"user": {}, "context": {}, "\\u0075ser": {"n": 1}}'):
            response = await service.call("POST", path, body, tenant=tenant)
            text = "the name `user` stands twice in one object; keep one"
            assert (response.status_code, response.json()["error_description"]) == (400, text)


async def test_the_clock_of_the_rules(service: Running, tenant: str) -> None:
    text = script("from datetime import datetime\ncontext.idToken.now = datetime.now().isoformat()")
    for clock, seen in (
        ("2026-01-03T10:00:00Z", "2026-01-03T10:00:00"),
        ("2026-01-03T10:00:00.000001+01:00", "2026-01-03T09:00:00.000001"),
        ("1970-01-01T00:00:00", "1970-01-01T00:00:00"),
        ("2199-12-31T23:59:59Z", "2199-12-31T23:59:59"),
    ):
        tried = await try_(service, tenant, user=USER, script=text, clock=clock)
        assert tried["idToken"] == {"now": seen}
    for clock in ("1969-12-31T23:59:59Z", "2200-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"):
        answer = await try_(service, tenant, 400, user=USER, script=text, clock=clock)
        assert answer["error_description"] == "`$.clock`: give a time from 1970 to 2199"
    assert (await try_(service, tenant, 400, user=USER, clock="noon"))["problems"][0]["path"] == "$.clock"
