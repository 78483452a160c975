"""A recorded login again: exactly as it was, or under other rules."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.api import fresh
from tests.service import Running, running

pytestmark = pytest.mark.anyio

NS = "https://example.com/"


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("replay")) as service:
        yield service


@pytest.fixture
async def tenant(service: Running) -> str:
    return await fresh.tenant(service)


async def replayed(service: Running, tenant: str, execution_id: str, body: Any = None) -> dict[str, Any]:
    response = await service.call("POST", f"/v1/executions/{execution_id}/replay", body, tenant=tenant)
    assert response.status_code == 200, response.text
    return response.json()  # type: ignore[no-any-return]


# Each rule is one kind of thing that could differ the second time.
RULES = {
    "time": """import time, datetime
context.idToken['t'] = [time.time(), datetime.datetime.now(datetime.timezone.utc).isoformat()]""",
    "chance": """import random, secrets, uuid
context.idToken['r'] = [random.random(), random.choice('abcdef'), secrets.token_hex(8), str(uuid.uuid4())]
print(secrets.token_urlsafe(), random.sample(range(100), 5))""",
    "order": "context.idToken['s'] = [list({'x', 'y', 'z', 'longer'}), sorted(user)]",
    "raised": "user.half = 1\nprint('on the way')\nraise KeyError(user.user_id)",
    "denied": "user.x = 1\nraise UnauthorizedError('no, ' + user.user_id)",
    "updates": "auth0.users.update_user_metadata(user.user_id, {'n': user.user_metadata.get('n', 0) + 1})",
    "redirect": "context.redirect = {'url': 'https://example.com/?u=' + user.user_id}",
    "mfa": "context.multifactor = {'provider': 'any'}",
    "not_json": "context.idToken['o'] = {1, 2}\ncontext.idToken['p'] = float('nan')\ncontext.idToken['sub'] = 'me'",
    "large": "context.idToken['big'] = 'x' * 200_000",
    "slow": "user.before = 1\nwhile True:\n    pass",
    "hangs": "user.before = 1\nprint('last words')\nsum(range(10 ** 12))",
    "hungry": "user.before = 1\nl = []\nwhile True:\n    l.append('x' * 10_000_000)",
    "writes": "for i in range(30_000):\n    user.x = i",
}


@pytest.mark.parametrize("on_failure", ["deny", "skip"])
@pytest.mark.parametrize("rule", RULES)
async def test_the_same_bit_for_bit(service: Running, tenant: str, rule: str, on_failure: str) -> None:
    await service.add("first", "context.idToken['first'] = 1\nuser.n = 1", tenant=tenant)
    await service.add("it", RULES[rule], tenant=tenant, on_failure=on_failure)
    await service.add(
        "last", f"import secrets\ncontext.idToken['{NS}last'] = [user.n, secrets.token_hex(4)]", tenant=tenant
    )
    user = {"user_id": "u1", "user_metadata": {"n": 4}}
    answer = await service.execute(user, {"clientID": "c1", "idToken": {"sub": "u1"}}, tenant=tenant)
    recorded = await service.record(answer["execution_id"], tenant)
    # Rules that have changed since are none of its business.
    await service.add("later", "context.idToken['later'] = 1", tenant=tenant)
    found = await replayed(service, tenant, answer["execution_id"])
    assert found["differences"] == []
    assert found["identical"] is True
    outcomes = {step["outcome"] for step in recorded["steps"]}
    expected = ["as_recorded"] if outcomes & {"timed_out", "exhausted"} else []
    assert [remark["code"] for remark in found["remarks"]] == expected
    again = found["execution"]
    assert again.pop("execution_id") != recorded.pop("execution_id")
    for record in (again, recorded):
        del record["ms"]
        for step in record["steps"]:
            del step["ms"]
    assert again == recorded


async def test_a_replay_is_recorded_nowhere(service: Running, tenant: str) -> None:
    answer = await service.execute(tenant=tenant)
    before = service.service.records.written + service.service.records.waiting
    again = await replayed(service, tenant, answer["execution_id"])
    assert service.service.records.written + service.service.records.waiting == before
    gone = await service.call("GET", f"/v1/executions/{again['execution']['execution_id']}", tenant=tenant)
    assert gone.status_code == 404


async def test_without_rules_or_a_user(service: Running, tenant: str) -> None:
    empty = await service.execute(tenant=tenant)
    await service.add("r", "context.idToken['a'] = 1", tenant=tenant)
    machine = await service.call("POST", "/v1/execute", {"user": None, "context": {}}, tenant=tenant)
    for execution in (empty, machine.json()):
        assert (await replayed(service, tenant, execution["execution_id"]))["identical"] is True


async def test_under_another_revision(service: Running, tenant: str) -> None:
    rule = await service.add(
        "r", f"context.idToken['{NS}a'] = [1]\ncontext.idToken['{NS}b'] = user.user_id", tenant=tenant
    )
    answer = await service.execute(tenant=tenant)
    script = f"def rule(user, context):\n    context.idToken['{NS}a'] = [True]\n    context.idToken['{NS}c'] = 3\n"
    await service.call("PATCH", f"/v1/rules/{rule.id}", {"script": script}, tenant=tenant)
    assert (await replayed(service, tenant, answer["execution_id"], {}))["identical"] is True
    assert (await replayed(service, tenant, answer["execution_id"], {"revision": 2}))["identical"] is True
    found = await replayed(service, tenant, answer["execution_id"], {"revision": 3})
    assert found["identical"] is False
    assert found["differences"] == [
        difference("idToken", f"{NS}a", [1], [True]),
        difference("idToken", f"{NS}b", "u1", None) | {"is_present": False},
        difference("idToken", f"{NS}c", None, 3) | {"was_present": False},
    ]


def difference(part: str, name: str | None, old: Any, new: Any) -> dict[str, Any]:
    return {"part": part, "name": name, "old": old, "new": new, "was_present": True, "is_present": True}


async def test_under_rules_that_are_nowhere_stored(service: Running, tenant: str) -> None:
    await service.add("r", f"context.idToken['{NS}a'] = user.password", tenant=tenant)
    answer = await service.execute({"user_id": "u1", "password": "correct horse"}, tenant=tenant)
    rules = [
        {"name": "one", "script": "def rule(user, context):\n    context.idToken['b'] = 'now ' + user.password\n"},
        {"name": "two", "script": "def rule(user, context):\n    raise UnauthorizedError('no')\n"},
    ]
    found = await replayed(service, tenant, answer["execution_id"], {"rules": rules[:1]})
    assert found["differences"] == [
        difference("idToken", f"{NS}a", "***", None) | {"is_present": False},
        difference("idToken", "b", None, "now ***") | {"was_present": False},
    ]
    found = await replayed(service, tenant, answer["execution_id"], {"rules": rules})
    assert [(one["part"], one["name"], one["new"]) for one in found["differences"]] == [
        ("decision", None, "deny"),
        ("denial", None, {"error": "unauthorized", "description": "no", "rule": "two"}),
        ("idToken", f"{NS}a", None),
    ]
    assert "correct horse" not in str(found)
    # A rule that never ends is ended, and says so.
    endless = [{"name": "e", "script": "def rule(user, context):\n    while True:\n        pass\n"}]
    found = await replayed(service, tenant, answer["execution_id"], {"rules": endless})
    assert found["execution"]["steps"][0]["outcome"] == "timed_out"


async def test_what_it_depends_on(service: Running, tenant: str) -> None:
    await service.call("PATCH", f"/v1/tenants/{tenant}/settings", {"recording": {"drop": ["/user/ssn", "/user/none"]}})
    await service.add("r", "context.idToken['n'] = user.get('ssn', '')[-4:]", tenant=tenant)
    answer = await service.execute({"user_id": "u1", "ssn": "078-05-1120"}, tenant=tenant)
    found = await replayed(service, tenant, answer["execution_id"])
    assert found["identical"] is False
    (remark,) = found["remarks"]
    assert remark == {"code": "not_reproducible", "text": "the tenant's settings keep nothing of `/user/ssn`"}


async def test_another_engine(service: Running, tenant: str) -> None:
    await service.add("r", "context.idToken['a'] = 1", tenant=tenant)
    answer = await service.execute(tenant=tenant)
    record = await service.service.records.get(tenant, answer["execution_id"])
    assert record.engine.count(" ") == 3
    older = msgspec.structs.replace(record, engine="policy-1 8.4 cpython-310 abc")
    found = await service.service.replayer.again(tenant, older)
    assert [remark.code for remark in found.remarks] == ["engine_differs"]
    assert "`policy-1 8.4 cpython-310 abc`" in found.remarks[0].text
    assert found.identical


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ({"revision": 2, "rules": []}, 400, "invalid_request"),
        ({"revision": 999}, 404, "not_found"),
        ({"revision": "2"}, 400, "invalid_request"),
        ({"rules": [{"script": "def rule(user, context):\n    import os\n"}]}, 422, "invalid_rule"),
        ({"rules": [{"script": "def rule(user, context):\n    pass\n"}] * 1001}, 400, "invalid_request"),
        ({"other": 1}, 400, "invalid_request"),
    ],
)
async def test_what_cannot_be_replayed(service: Running, tenant: str, body: Any, status: int, error: str) -> None:
    answer = await service.execute(tenant=tenant)
    response = await service.call("POST", f"/v1/executions/{answer['execution_id']}/replay", body, tenant=tenant)
    assert (response.status_code, response.json()["error"]) == (status, error)


async def test_a_draft_needs_the_scope_to_write_rules(service: Running, tenant: str) -> None:
    answer = await service.execute(tenant=tenant)
    path = f"/v1/executions/{answer['execution_id']}/replay"
    rules = {"rules": [{"script": "def rule(user, context):\n    pass\n"}]}
    refused = await service.call("POST", path, rules, tenant=tenant, scope="replay")
    assert (refused.status_code, refused.json()["error"]) == (403, "insufficient_scope")
    assert (await service.call("POST", path, rules, tenant=tenant, scope="replay rules:write")).status_code == 200
    assert (await service.call("POST", path, None, tenant=tenant, scope="replay")).status_code == 200


async def test_after_a_restart(tmp_path: Path) -> None:
    async with running(tmp_path) as service:
        await service.add("r", RULES["chance"])
        answer = await service.execute()
    async with running(tmp_path) as service:
        found = await replayed(service, "default", answer["execution_id"])
        assert (found["identical"], found["execution"]["idToken"]) == (True, answer["idToken"])
