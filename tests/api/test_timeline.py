"""A recorded execution line by line."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.api import fresh
from tests.service import Running, running

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("timeline")) as service:
        yield service


@pytest.fixture
async def tenant(service: Running) -> str:
    return await fresh.tenant(service)


async def timeline(service: Running, tenant: str, user: Any = None, context: Any = None) -> dict[str, Any]:
    answer = await service.execute(user, context, tenant=tenant)
    response = await service.call("GET", f"/v1/executions/{answer['execution_id']}/timeline", tenant=tenant)
    assert response.status_code == 200, response.text
    return response.json()  # type: ignore[no-any-return]


async def test_two_rules(service: Running, tenant: str) -> None:
    await service.add("one", "n = user.n + 1\nuser.m = n\nfor i in range(2):\n    n += i", tenant=tenant)
    await service.add("two", "if user.get('m') == 3:\n    context.idToken['a'] = user.m", tenant=tenant)
    script = "def double(x):\n    return 2 * x\ndef rule(user, context):\n    context.idToken['b'] = double(user.m)\n"
    await service.add("three", "", script=script, tenant=tenant)
    found = await timeline(service, tenant, {"user_id": "u1", "n": 2})
    assert (found["identical"], found["remarks"], found["truncated"]) == (True, [], False)
    lines = [line for line in found["lines"] if line["function"] != "<module>"]
    assert [(line["rule"], line["line"], line["source"].strip()) for line in lines[:6]] == [
        ("one", 2, "n = user.n + 1"),
        ("one", 3, "user.m = n"),
        ("one", 4, "for i in range(2):"),
        ("one", 5, "n += i"),
        ("one", 4, "for i in range(2):"),
        ("one", 5, "n += i"),
    ]
    assert lines[0]["values"] == {"user.n": "2"}
    assert lines[0]["changed"] == {"n": "3"}
    assert lines[1]["writes"] == 1
    assert [line["changed"] for line in lines[2:6]] == [{"i": "0"}, {}, {"i": "1"}, {"n": "4"}]
    inner = next(line for line in lines if line["function"] == "double")
    assert (inner["rule"], inner["line"], inner["depth"], inner["returned"]) == ("three", 2, 1, "6")


async def test_secrets_are_hidden_also_short_ones(service: Running, tenant: str) -> None:
    body = """\
password = context.request.body.password
body = context.request.body
again = [password, 'and ' + user.token]
pin = user.pin"""
    await service.add("r", body, tenant=tenant)
    user = {"user_id": "u1", "token": "a-token-that-is-long", "pin": "12"}
    found = await timeline(service, tenant, user, {"request": {"body": {"password": "abc", "x": 1}}})
    text = str(found)
    assert "a-token-that-is-long" not in text
    assert "abc" not in text
    last = found["lines"][-1]
    assert last["changed"] == {"pin": '"12"'}


async def test_errors_and_what_was_ended(service: Running, tenant: str) -> None:
    await service.add("r", "x = 1\ntry:\n    x = user.missing\nexcept AttributeError:\n    x = 2", tenant=tenant)
    await service.add("slow", "while True:\n    pass", tenant=tenant, on_failure="skip")
    await service.add("last", "context.idToken['a'] = 1\n1 / 0", tenant=tenant)
    found = await timeline(service, tenant)
    assert [remark["code"] for remark in found["remarks"]] == ["as_recorded"]
    assert found["identical"] is True
    raised = [(line["rule"], line["line"], line["raised"]) for line in found["lines"] if "raised" in line]
    assert raised == [("r", 4, "AttributeError"), ("last", 3, "ZeroDivisionError")]
    assert "slow" not in {line["rule"] for line in found["lines"]}


async def test_a_long_one_is_cut_and_still_the_same(service: Running, tenant: str) -> None:
    await service.add("r", "n = 0\nfor i in range(30_000):\n    n += i\ncontext.idToken['n'] = n", tenant=tenant)
    found = await timeline(service, tenant)
    assert (found["identical"], found["truncated"], len(found["lines"])) == (True, True, 20_000)


async def test_of_an_execution_that_ran_nothing(service: Running, tenant: str) -> None:
    found = await timeline(service, tenant)
    assert found == {"identical": True, "remarks": [], "truncated": False, "lines": []}
