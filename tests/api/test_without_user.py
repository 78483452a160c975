"""Logins without a user (client credentials): only rules that say so run for them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from engine.models import Conditions
from tests.api import fresh
from tests.service import Running, running

pytestmark = pytest.mark.anyio

ALSO = Conditions(without_user=True)
CALLBACK = """
def rule(user, context, callback):
    context.accessToken.plan = str(user)
    callback(None, user, context)
"""


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("without-user")) as service:
        yield service


async def execute(service: Running, tenant: str, user: Any = None) -> dict[str, Any]:
    body = {"user": user, "context": {"clientID": "c1", "accessToken": {"a": 1}}}
    response = await service.call("POST", "/v1/execute", body, scope="execute", tenant=tenant)
    assert response.status_code == 200, response.text
    return response.json()  # type: ignore[no-any-return]


async def test_only_the_rules_that_say_so_run(service: Running) -> None:
    tenant = await fresh.tenant(service)
    await service.add("for-users", "context.accessToken.id = user.user_id", tenant=tenant)
    await service.add("for-all", "context.accessToken.kind = 'machine' if user is None else 'person'", tenant=tenant,
                      conditions=ALSO)  # fmt: skip
    answer = await execute(service, tenant)
    assert (answer["decision"], answer["accessToken"], answer["warnings"]) == ("allow", {"a": 1, "kind": "machine"}, [])
    record = await service.record(answer["execution_id"], tenant)
    assert [(step["rule"], step["outcome"]) for step in record["steps"]] == [
        ("for-users", "skipped"), ("for-all", "passed"),
    ]  # fmt: skip
    assert record["steps"][0]["reason"] == "there is no user, and its conditions do not say `without_user`"
    assert record["transaction"]["user"] is None
    person = await execute(service, tenant, {"user_id": "u1"})
    assert person["accessToken"] == {"a": 1, "id": "u1", "kind": "person"}


async def test_where_no_rule_says_so_none_runs(service: Running) -> None:
    tenant = await fresh.tenant(service)
    await service.add("for-users", "context.accessToken.id = user.user_id", tenant=tenant)
    answer = await execute(service, tenant)
    assert (answer["accessToken"], [one["code"] for one in answer["warnings"]]) == ({"a": 1}, ["no_user"])


@pytest.mark.parametrize(
    ("script", "description"),
    [
        ("def rule(user, context):\n    raise UnauthorizedError('machines stay out')\n", "machines stay out"),
        ("def rule(user, context):\n    context.accessToken.n = user.name\n", None),
        ("def rule(user, context):\n    auth0.users.update_user_metadata('u1', {'a': 1})\n", None),
        ("def rule(user, context, callback):\n    callback(None, {}, context)\n", None),
        ("def rule(user, context):\n    while True:\n        pass\n", None),
    ],
)
async def test_such_a_login_fails_like_any_other(service: Running, script: str, description: str | None) -> None:
    tenant = await fresh.tenant(service)
    await service.add("r", "", script=script, tenant=tenant, conditions=ALSO)
    answer = await execute(service, tenant)
    assert (answer["decision"], answer["accessToken"]) == ("deny", None)
    assert description is None or answer["denial"]["description"] == description


@pytest.mark.parametrize("wish", ["redirect = {'url': 'https://a.example/'}", "multifactor = {'provider': 'any'}"])
async def test_a_machine_is_sent_nowhere(service: Running, wish: str) -> None:
    tenant = await fresh.tenant(service)
    await service.add("r", f"context.{wish}", tenant=tenant, conditions=ALSO)
    assert (await execute(service, tenant))["denial"]["error"] == "interaction_required"


async def test_a_member_of_nobody_is_an_error_that_says_so(service: Running) -> None:
    tenant = await fresh.tenant(service)
    await service.add("r", "context.accessToken.n = user.name", tenant=tenant, conditions=ALSO)
    record = await service.record((await execute(service, tenant))["execution_id"], tenant)
    (step,) = record["steps"]
    assert (step["outcome"], step["error"]["line"]) == ("raised", 2)
    assert "`user` is None" in step["error"]["message"]


async def test_the_callback_takes_nobody_back(service: Running) -> None:
    tenant = await fresh.tenant(service)
    await service.add("r", "", script=CALLBACK, tenant=tenant, conditions=ALSO)
    assert (await execute(service, tenant))["accessToken"] == {"a": 1, "plan": "None"}


async def test_it_is_replayed_stepped_through_and_explained(service: Running) -> None:
    tenant = await fresh.tenant(service)
    await service.add("first", "raise ValueError('x')", tenant=tenant, conditions=ALSO, on_failure="skip")
    await service.add("second", "context.accessToken.plan = [str(user)]", tenant=tenant, conditions=ALSO)
    execution = (await execute(service, tenant))["execution_id"]
    again = (await service.call("POST", f"/v1/executions/{execution}/replay", {}, tenant=tenant)).json()
    assert (again["identical"], again["execution"]["accessToken"]) == (True, {"a": 1, "plan": ["None"]})
    timeline = await service.call("GET", f"/v1/executions/{execution}/timeline", tenant=tenant)
    assert timeline.status_code == 200, timeline.text
    path = f"/v1/executions/{execution}/why?claim=plan&token=accessToken"
    assert (await service.call("GET", path, tenant=tenant)).json()["present"] is True
    drafts = {"rules": [{"script": CALLBACK, "conditions": {"without_user": True}}]}
    other = (await service.call("POST", f"/v1/executions/{execution}/replay", drafts, tenant=tenant)).json()
    assert other["execution"]["accessToken"] == {"a": 1, "plan": "None"}


async def test_what_cannot_be_read_is_refused_whatever_the_rules(service: Running) -> None:
    tenant = await fresh.tenant(service)
    await service.add("r", "pass", tenant=tenant, conditions=ALSO)
    body = b'{"user": null, "context": {"accessToken": [1]}}'
    assert (await service.call("POST", "/v1/execute", body, tenant=tenant)).status_code == 400
