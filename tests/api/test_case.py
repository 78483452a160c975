"""A login as a case: it passes, and holds no secret."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine.cases import read_cases, run_case
from engine.expecting import differences
from tests.api import fresh
from tests.service import Running, running

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("case")) as service:
        yield service


@pytest.fixture
async def tenant(service: Running) -> str:
    return await fresh.tenant(service)


async def saved(service: Running, tenant: str, execution: str, rule: str, status: int = 200) -> Any:
    response = await service.call("GET", f"/v1/executions/{execution}/case?rule={rule}", tenant=tenant)
    assert response.status_code == status, response.text
    return response.json()


FIRST = "user.roles = ['member']\ncontext.idToken['a'] = 1\nuser.name = None"
SECOND = """\
import secrets, time
context.idToken['b'] = [context.idToken.a, user.roles[0], time.time(), secrets.token_hex(4)]
print('hello', user.email)
auth0.users.update_user_metadata(user.user_id, {'n': 1})"""


async def test_what_a_rule_was_given(service: Running, tenant: str, tmp_path: Path) -> None:
    await service.add("one", FIRST, tenant=tenant)
    rule = await service.add("two", SECOND, tenant=tenant)
    await service.add("three", "context.idToken.clear()", tenant=tenant)
    user = {"user_id": "u1", "name": "Ada", "email": "ada@example.com", "password": "correct horse"}
    answer = await service.execute(user, {"clientID": "c1"}, tenant=tenant)
    found = await saved(service, tenant, answer["execution_id"], "two")
    assert "correct horse" not in str(found)
    (case,) = found["cases"]
    assert case["user"] == {
        "user_id": "u1", "name": None, "email": "ada@example.com", "password": "***", "roles": ["member"],
    }  # fmt: skip
    assert case["context"] == {"clientID": "c1", "idToken": {"a": 1}, "accessToken": {}}
    assert case["expect"]["idToken"]["b"][:2] == [1, "member"]
    assert case["expect"]["logs"] == ["hello ada@example.com"]
    assert case["expect"].keys() == {"decision", "idToken", "accessToken", "updates", "logs"}
    # It passes, every time.
    (tmp_path / "two.cases.json").write_bytes(msgspec.json.encode(found))
    (read,) = read_cases(tmp_path / "two.cases.json")
    script = (await service.service.store.version(tenant, rule.id, 1)).script
    for _ in range(2):
        assert differences(read, await run_case(service.service.engine, "two", script, read)) == {}
    other = script.replace("'member'", "'other'").replace("roles[0]", "user_id")
    assert differences(read, await run_case(service.service.engine, "two", other, read)).keys() == {"idToken"}


async def test_of_a_rule_that_fails_or_denies(service: Running, tenant: str) -> None:
    await service.add("r", "if user.get('x'):\n    raise UnauthorizedError('no')\n1 / 0", tenant=tenant)
    for user, error in (({"user_id": "u", "x": 1}, "unauthorized"), ({"user_id": "u"}, "server_error")):
        answer = await service.execute(user, tenant=tenant)
        (case,) = (await saved(service, tenant, answer["execution_id"], "r"))["cases"]
        assert case["expect"]["decision"] == "deny"
        assert case["expect"]["denial"]["error"] == error


async def test_where_there_is_none(service: Running, tenant: str) -> None:
    await service.add(
        "long", "user.x = 'y' * 20_000\nif user.get('stop'):\n    raise UnauthorizedError('no')", tenant=tenant
    )
    await service.add("after", "context.idToken.a = len(user.x)", tenant=tenant)
    answer = await service.execute(tenant=tenant)
    said = (await saved(service, tenant, answer["execution_id"], "after", 422))["error_description"]
    assert "only measured" in said
    assert await saved(service, tenant, answer["execution_id"], "long")
    denied = await service.execute({"user_id": "u", "stop": 1}, tenant=tenant)
    said = (await saved(service, tenant, denied["execution_id"], "after", 422))["error_description"]
    assert said == "rule `after` did not run in this execution"
    assert "has no rule" in (await saved(service, tenant, denied["execution_id"], "other", 422))["error_description"]
    for query in ("", "?rule=", "?rule=a&b=c"):
        response = await service.call("GET", f"/v1/executions/{denied['execution_id']}/case{query}", tenant=tenant)
        assert response.status_code == 400
