"""The record of an execution: what ran and what it did, for the rules' authors."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.api import fresh
from tests.service import Running, running

pytestmark = pytest.mark.anyio

SECRET = "a-secret-of-this-service-that-nobody-must-see"
TOKEN = "/context/idToken/"


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("executions"), {"CLAIMSMITH_SECRET": SECRET}) as service:
        yield service


@pytest.fixture
async def tenant(service: Running) -> str:
    return await fresh.tenant(service)


WRITES = """\
context.idToken.a = [1]
context.idToken.a = [1, 2]
context.idToken.pop('gone')
user.name = None
auth0.users.update_user_metadata(user.user_id, {'n': 1})
print('hello', user.user_id)"""


async def test_the_whole_record(service: Running, tenant: str) -> None:
    one = await service.add("one", WRITES, tenant=tenant)
    two = await service.add("two", "def check():\n    raise ValueError('why')\nuser.x = 1\ncheck()", tenant=tenant)
    before = datetime.now(UTC)
    answer = await service.execute({"user_id": "u1", "name": "Ada"}, {"idToken": {"gone": {"k": 1}}}, tenant=tenant)
    record = await service.record(answer["execution_id"], tenant)
    clock = datetime.fromisoformat(record["clock"])
    assert before - timedelta(milliseconds=1) <= clock <= datetime.now(UTC)
    assert 0 < record["ms"] < 2000
    steps = record["steps"]
    assert all(0 <= step["ms"] < 250 for step in steps)

    def write(path: str, op: str, old: object, new: object, line: int) -> dict[str, object]:
        return {"path": path, "op": op, "old": old, "new": new, "line": line, "rolled_back": False}

    assert record == {
        "execution_id": answer["execution_id"],
        "revision": 3,
        "engine": record["engine"],
        "seed": "sealed",
        "issuer": None,
        "lifetime": {},
        "transaction": {"user": {"user_id": "u1", "name": "Ada"}, "context": {"idToken": {"gone": {"k": 1}}}},
        "removed": [],
        "dropped": [],
        "clock": record["clock"],
        "ms": record["ms"],
        "decision": "deny",
        "denial": {
            "error": "server_error",
            "description": "the login could not be decided: a rule failed",
            "rule": "two",
        },
        "redirect": None,
        "multifactor": None,
        "configuration": None,
        "idToken": None,
        "accessToken": None,
        "scope": None,
        "updates": {"user_metadata": {"n": 1}, "app_metadata": None},
        "warnings": [],
        "steps": [
            {
                "rule": "one",
                "rule_id": one.id,
                "version": 1,
                "outcome": "passed",
                "ms": steps[0]["ms"],
                "reason": None,
                "writes": [
                    write(TOKEN + "a", "add", None, [1], 2),
                    write(TOKEN + "a", "replace", [1], [1, 2], 3),
                    write(TOKEN + "gone", "remove", {"k": 1}, None, 4),
                    write("/user/name", "replace", "Ada", None, 5),
                    write("/updates/user_metadata", "add", None, {"n": 1}, 6),
                ],
                "logs": [{"level": "info", "text": "hello u1", "line": 7}],
                "calls": [],
                "error": None,
            },
            {
                "rule": "two",
                "rule_id": two.id,
                "version": 1,
                "outcome": "raised",
                "ms": steps[1]["ms"],
                "reason": None,
                "writes": [write("/user/x", "add", None, 1, 4)],
                "logs": [],
                "calls": [],
                "error": {
                    "code": "rule_raised",
                    "message": "ValueError: why",
                    "line": 3,
                    "frames": [
                        {
                            "line": 5,
                            "function": "rule",
                            "source": "    check()",
                            "column": 5,
                            "end_column": 12,
                            "values": {},
                        },
                        {
                            "line": 3,
                            "function": "check",
                            "source": "        raise ValueError('why')",
                            "column": 9,
                            "end_column": 32,
                            "values": {},
                        },
                    ],
                    "causes": [],
                },
            },
        ],
    }


async def test_a_killed_rule_leaves_its_trace(service: Running, tenant: str) -> None:
    await service.add("r", "user.x = 1\nprint('before')\nsum(range(10 ** 12))", tenant=tenant)
    answer = await service.execute(tenant=tenant)
    (step,) = (await service.record(answer["execution_id"], tenant))["steps"]
    assert (step["outcome"], step["error"]["code"], step["error"]["line"]) == ("timed_out", "rule_timed_out", 4)
    assert [(write["path"], write["line"]) for write in step["writes"]] == [("/user/x", 2)]
    assert step["logs"] == [{"level": "info", "text": "before", "line": 3}]
    assert 250 <= step["ms"] < 2000


async def test_it_is_there_at_once_and_after_a_restart(tmp_path: Path) -> None:
    async with running(tmp_path) as service:
        await service.add("r", WRITES.replace("context.idToken.pop('gone')", "x = 1"))
        answers = [await service.execute() for _ in range(3)]
        records = [await service.record(answer["execution_id"]) for answer in answers]
        assert [record["idToken"] for record in records] == [{"a": [1, 2]}] * 3
    async with running(tmp_path) as service:
        assert [await service.record(answer["execution_id"]) for answer in answers] == records
        assert (await service.execute())["idToken"] == {"a": [1, 2]}


async def test_not_found(service: Running, tenant: str) -> None:
    other = await fresh.tenant(service)
    execution = (await service.execute(tenant=tenant))["execution_id"]
    for stored in (False, True):
        if stored:
            await service.service.records._flush()
        for where, name in (
            (other, execution),
            ("nobody", execution),
            (tenant, "01J0"),
            (tenant, "%00"),
            (tenant, "%ed%a0%80"),
        ):
            response = await service.call("GET", f"/v1/executions/{name}", tenant=where)
            assert (response.status_code, response.json()["error"]) == (404, "not_found"), name
        assert (await service.record(execution, tenant))["decision"] == "allow"


async def test_no_secret_of_the_service(service: Running, tenant: str) -> None:
    body = "print(user, context)\ncontext.idToken.all = [str(user), str(context)]\nraise ValueError(str(context))"
    await service.add("r", body, tenant=tenant)
    response = await service.call("POST", "/v1/execute", {"user": {"user_id": "u1"}}, tenant=tenant)
    record = str(await service.record(response.json()["execution_id"], tenant))
    sent = response.request.headers["authorization"].removeprefix("Bearer ")
    seed = (await service.service.records.get(tenant, response.json()["execution_id"])).seed
    assert len(seed) == 32
    for secret in (SECRET, sent, str(service.service.settings.data), base64.b64encode(seed).decode(), seed.hex()):
        assert secret not in record
        assert secret not in response.text
