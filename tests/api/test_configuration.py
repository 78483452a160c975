"""Configuration: written by operators, read by rules, and by nobody else."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.api import fresh
from tests.hosts import host
from tests.servers import fresh_database
from tests.service import Running, running

pytestmark = pytest.mark.anyio

SECRET = 's3cr3t-"value"-of-ours'


@pytest.fixture(scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    networks = {"CLAIMSMITH_HTTP_NETWORKS": "127.0.0.1/32,::1/128"}
    async with running(tmp_path_factory.mktemp("configuration"), networks) as made:
        yield made


@pytest.fixture
async def service(shared: Running) -> Running:
    """A tenant of its own."""
    return shared.within(await fresh.tenant(shared))


async def put(service: Running, key: str, value: str, **fields: Any) -> int:
    response = await service.call("PUT", f"/v1/configuration/{key}", {"value": value}, **fields)
    assert response.status_code == 200, response.text
    return int(response.json()["number"])


async def test_values_are_set_listed_and_deleted_and_never_shown(service: Running) -> None:
    assert (await service.call("GET", "/v1/configuration")).json() == {"number": 0, "values": []}
    assert await put(service, "API_KEY", SECRET) == 1
    assert await put(service, "B", "b") == 2
    assert await put(service, "API_KEY", SECRET + "2") == 3
    response = await service.call("GET", "/v1/configuration")
    assert "s3cr3t" not in response.text
    listed = response.json()
    assert listed["number"] == 3
    assert [(entry["key"], entry["set_by"]) for entry in listed["values"]] == [("API_KEY", "tester"), ("B", "tester")]
    assert all(set(entry) == {"key", "set_at", "set_by"} for entry in listed["values"])
    assert (await service.call("DELETE", "/v1/configuration/B")).status_code == 204
    assert (await service.call("DELETE", "/v1/configuration/B")).status_code == 404
    listed = (await service.call("GET", "/v1/configuration")).json()
    assert (listed["number"], [entry["key"] for entry in listed["values"]]) == (4, ["API_KEY"])


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_it_needs_its_scope(service: Running, method: str) -> None:
    path = "/v1/configuration" if method == "GET" else "/v1/configuration/A"
    response = await service.call(method, path, {"value": "a"} if method == "PUT" else None, scope="rules:write")
    assert response.status_code == 403


async def test_values_that_cannot_be_set(service: Running) -> None:
    response = await service.call("PUT", "/v1/configuration/A", {"value": "x" * 1_000_000})
    assert response.status_code == 422
    assert response.json()["error_description"] == "the value has 1000000 bytes: the limit is 65536"
    response = await service.call("PUT", "/v1/configuration/A", {"value": "x" * 1_100_000})
    assert response.status_code == 413
    response = await service.call("PUT", "/v1/configuration/A.B", {"value": "x"})
    assert response.status_code == 422
    assert "`A.B` is not a name" in response.json()["error_description"]
    for n in range(3):
        await put(service, f"LARGE_{n}", "x" * 65_000)
    response = await service.call("PUT", "/v1/configuration/LARGE_4", {"value": "x" * 65_536})
    assert response.status_code == 200 or "together" in response.text
    response = await service.call("PUT", "/v1/configuration/LARGE_5", {"value": "x" * 65_000})
    assert response.status_code == 422
    assert "all values together have" in response.json()["error_description"]
    assert (await service.call("PUT", "/v1/configuration/A", {"value": 1})).status_code == 400


async def test_there_are_so_many_values(service: Running) -> None:
    for n in range(200):
        await service.service.configurations.put(service.tenant, f"K{n}", "x", by="tester")
    response = await service.call("PUT", "/v1/configuration/ONE_MORE", {"value": "x"})
    assert response.status_code == 422
    assert response.json()["error_description"] == "these are 201 values: the limit is 200"


READS = (
    'context.idToken["https://example.com/a"] = [configuration.KEY, configuration["KEY"], configuration.get("KEY"),\n'
    '    configuration.get("NONE"), configuration.get("NONE", 1), "KEY" in configuration, "NONE" in configuration,\n'
    "    configuration.keys(), len(configuration), hasattr(configuration, 'NONE')]"
)


async def test_a_rule_reads_them(service: Running) -> None:
    await put(service, "KEY", "short")
    await service.add("read", READS)
    answer = await service.execute()
    assert answer["idToken"] == {
        "https://example.com/a": ["short", "short", "short", None, 1, True, False, ["KEY"], 1, False]
    }
    assert (await service.record(answer["execution_id"]))["configuration"] == 1


@pytest.mark.parametrize("read", ["configuration.KYE", 'configuration["KYE"]'])
async def test_a_name_that_is_not_there_is_named_with_those_that_are(service: Running, read: str) -> None:
    await put(service, "KEY", "short")
    await put(service, "OTHER", "short")
    await service.add("read", f"x = {read}")
    record = await service.record((await service.execute())["execution_id"])
    message = record["steps"][0]["error"]["message"]
    assert "`configuration` has no `KYE`: there is KEY, OTHER" in message


async def test_a_change_is_live_at_once_and_tenants_have_their_own(service: Running) -> None:
    another = service.within(await fresh.tenant(service))
    for one in (service, another):
        await one.add("read", 'context.idToken["https://example.com/a"] = configuration.get("KEY")')
    for value in ("one", "two"):
        await put(service, "KEY", value)
        assert (await service.execute())["idToken"] == {"https://example.com/a": value}
    assert (await another.execute())["idToken"] == {"https://example.com/a": None}


async def test_a_new_tenant_of_an_old_name_has_nothing_of_it(service: Running) -> None:
    await service.call("PUT", "/v1/tenants/other")
    await service.service.configurations.put("other", "KEY", "theirs", by="tester")
    await service.call("DELETE", "/v1/tenants/other")
    await service.call("PUT", "/v1/tenants/other")
    await service.add("read", 'context.idToken["https://example.com/a"] = configuration.get("KEY")', tenant="other")
    assert (await service.execute(tenant="other"))["idToken"] == {"https://example.com/a": None}


async def test_a_change_through_another_replica_is_live_within_a_second(tmp_path: Path, postgres_url: str) -> None:
    secret = "a-secret-that-both-replicas-have-in-common"
    with fresh_database(postgres_url) as url:
        environ = {"DATABASE_URL": url, "CLAIMSMITH_SECRET": secret}
        async with running(tmp_path / "a", environ) as one, running(tmp_path / "b", environ) as two:
            await one.add("read", 'context.idToken["https://example.com/a"] = configuration.get("KEY")')
            await put(one, "KEY", "one")
            async with asyncio.timeout(10):
                while (await two.execute())["idToken"] != {"https://example.com/a": "one"}:
                    await asyncio.sleep(0.05)
            await put(one, "KEY", "two")
            async with asyncio.timeout(10):
                while (await two.execute())["idToken"] != {"https://example.com/a": "two"}:
                    await asyncio.sleep(0.05)


async def test_what_is_stored_is_sealed_and_survives_a_rotation(tmp_path: Path) -> None:
    old, new = "the-old-secret-of-this-service-123456", "the-new-secret-of-this-service-123456"
    async with running(tmp_path, {"CLAIMSMITH_SECRET": old}) as service:
        await put(service, "KEY", "long-secret-value")
        await service.add("read", 'context.idToken["https://example.com/a"] = len(configuration.KEY)')
    database = tmp_path / "claimsmith.db"
    with sqlite3.connect(database) as connection:
        rows = connection.execute("SELECT entries, sealed FROM configurations").fetchall()
    connection.close()
    assert len(rows) == 1
    assert "long-secret" not in rows[0][0]
    assert b"long-secret" not in rows[0][1]
    async with running(tmp_path, {"CLAIMSMITH_SECRET": new, "CLAIMSMITH_SECRET_PREVIOUS": old}) as service:
        assert (await service.execute())["idToken"] == {"https://example.com/a": 17}
    async with running(tmp_path, {"CLAIMSMITH_SECRET": new}) as service:
        assert (await service.execute())["idToken"] == {"https://example.com/a": 17}


# Masking

LEAKS = """
print("the key is", configuration.KEY, flush=True)
print(repr(configuration.KEY), {"deep": [configuration.KEY]})
print("x" * 1990 + configuration.KEY)
user.leaked = {"key": configuration.KEY}
context.idToken["https://example.com/key"] = "Bearer " + configuration.KEY
local = configuration.KEY
long = configuration.LONG
try:
    url = "https://example.com/" + configuration.KEY
    http.post(url, json={"key": configuration.KEY}, headers={"X": configuration.KEY})
except http.Error:
    pass
if user.get("fail"):
    raise ValueError(local + long)
if user.get("deny"):
    raise UnauthorizedError("no " + local)
"""


@pytest.mark.parametrize("user", [{}, {"fail": True}, {"deny": True}])
async def test_secrets_are_masked_wherever_they_are_shown(service: Running, user: dict[str, Any]) -> None:
    long = "-----BEGIN KEY-----" + "abcdefghij" * 30
    await put(service, "KEY", SECRET)
    await put(service, "LONG", long)
    await service.add("leaks", LEAKS)
    answer = await service.execute({"user_id": "u1", **user})
    response = await service.call("GET", f"/v1/executions/{answer['execution_id']}")
    record = response.json()
    shown = json.dumps(record, ensure_ascii=False)
    assert "s3cr3t-" not in shown
    assert "abcdefghij" not in shown
    step = record["steps"][0]
    assert [log["text"] for log in step["logs"][:2]] == ["the key is ***", "'***' {'deep': ['***']}"]
    assert step["calls"][0]["request"]["url"] == "https://example.com/***"
    assert step["calls"][0]["request"]["headers"]["X"] == "***"
    if user.get("fail"):
        assert step["error"]["message"] == "ValueError: ******"
    elif user.get("deny"):
        assert answer["denial"]["description"] == "no ***"
    else:
        assert answer["idToken"] == {"https://example.com/key": f"Bearer {SECRET}"}
        assert record["idToken"] == {"https://example.com/key": "Bearer ***"}
        assert answer["warnings"] == [
            {
                "code": "secret_in_claim",
                "message": "`idToken` has a value of the configuration in the claim `https://example.com/key`",
                "claim": "https://example.com/key",
                "rule": "leaks",
                "line": 7,
            }
        ]
    for path in ("replay", "timeline"):
        method = "POST" if path == "replay" else "GET"
        response = await service.call(method, f"/v1/executions/{answer['execution_id']}/{path}")
        assert response.status_code == 200
        assert response.json()["identical"], response.text
        assert "s3cr3t-" not in response.text
        assert "abcdefghij" not in response.text


async def test_a_replay_reads_the_values_of_then(service: Running) -> None:
    await put(service, "KEY", "value-one")
    await service.add("read", 'context.idToken["https://example.com/a"] = configuration.KEY.upper()')
    answer = await service.execute()
    await put(service, "KEY", "value-two")
    replay = (await service.call("POST", f"/v1/executions/{answer['execution_id']}/replay")).json()
    assert replay["identical"]
    assert replay["execution"]["idToken"] == {"https://example.com/a": "VALUE-ONE"}


# Hints


async def test_a_hint_names_values_that_are_not_there(service: Running) -> None:
    await put(service, "API_KEY", "short")
    script = (
        "def rule(user, context):\n    a = configuration.APIKEY + configuration['OTHER']\n"
        "    b = configuration.API_KEY, configuration.get('NONE'), 'NONE' in configuration, configuration.keys()\n"
    )
    response = await service.call("POST", "/v1/rules/check", {"script": script})
    assert [(p["line"], p["column"], p["code"], p["severity"], p["message"]) for p in response.json()["problems"]] == [
        (2, 9, "unknown_configuration", "hint", "`configuration` has no `APIKEY` here: did you mean `API_KEY`?"),
        (
            2,
            32,
            "unknown_configuration",
            "hint",
            "`configuration` has no `OTHER` here: set it by `PUT /v1/configuration/OTHER`",
        ),
    ]
    script = "def rule(user, context):\n    configuration = {}\n    a = configuration.APIKEY\n"
    response = await service.call("POST", "/v1/rules/check", {"script": script})
    assert response.json()["problems"] == []


# Trying


async def test_a_draft_sees_placeholders_without_a_scope(service: Running) -> None:
    await put(service, "KEY", "the-live-value")
    script = 'def rule(user, context):\n    context.idToken["https://example.com/a"] = len(configuration.KEY)\n'
    body = {"user": {"user_id": "u"}, "context": {}, "script": script}
    for scope, length in (("rules:write", len("<value of KEY>")), ("rules:write configuration:use", 14)):
        response = await service.call("POST", "/v1/try", body, scope=scope)
        assert response.json()["idToken"] == {"https://example.com/a": length}
    upper = script.replace("len(configuration.KEY)", "configuration.KEY.upper()")
    response = await service.call("POST", "/v1/try", {**body, "script": upper}, scope="rules:write")
    assert response.json()["idToken"] == {"https://example.com/a": "<VALUE OF KEY>"}


async def test_a_draft_that_is_replayed_sees_placeholders_and_has_the_recorded_answers(service: Running) -> None:
    async with host() as server:
        await service.call("PATCH", f"/v1/tenants/{service.tenant}/settings", {"allowed_hosts": [server.url]})
        await put(service, "KEY", "the-live-value")
        body = (
            f'answer = http.get("{server.url}/echo", headers={{"X-Key": configuration.KEY}})\n'
            '    context.idToken["https://example.com/a"] = [answer.status_code, configuration.KEY.upper()]'
        )
        script = f"def rule(user, context):\n    {body}\n"
        await service.add("ask", "", script=script)
        answer = await service.execute()
        assert answer["idToken"] == {"https://example.com/a": [200, "THE-LIVE-VALUE"]}
        draft = {"name": "ask", "script": script + "# another\n"}
        response = await service.call("POST", f"/v1/executions/{answer['execution_id']}/replay", {"rules": [draft]})
        replay = response.json()
        assert replay["execution"]["idToken"] == {"https://example.com/a": [200, "<VALUE OF KEY>"]}
        assert replay["remarks"] == []
        assert len(server.received) == 1


async def test_a_draft_is_tried_with_values_and_answers_of_its_own(service: Running) -> None:
    script = (
        "def rule(user, context):\n"
        '    first = http.get("https://api.example.com/a", headers={"X": configuration.KEY})\n'
        '    second = http.post("https://api.example.com/b", json={"n": 1})\n'
        '    context.idToken["https://example.com/a"] = [first.json(), second.status_code, len(configuration.KEY)]\n'
        "    try:\n"
        '        http.get("https://api.example.com/a")\n'
        "    except http.Error as error:\n"
        "        print(error)\n"
        "    try:\n"
        '        http.get("https://api.example.com/slow")\n'
        "    except http.Timeout as error:\n"
        "        print(error)\n"
    )
    exchanges = [
        {"url": "https://api.example.com/a", "json": {"a": [1]}},
        {"method": "POST", "url": "https://api.example.com/b", "status": 201, "body": "made"},
        {"url": "https://api.example.com/slow", "failure": "timeout"},
    ]
    body = {"user": {"user_id": "u"}, "script": script, "configuration": {"KEY": "mine"}, "http": exchanges}
    response = await service.call("POST", "/v1/try", body, scope="rules:write")
    record = response.json()
    assert record["idToken"] == {"https://example.com/a": [{"a": [1]}, 201, 4]}
    assert [log["text"] for log in record["steps"][0]["logs"]] == [
        "no answer is given to `GET https://api.example.com/a`",
        "`GET https://api.example.com/slow` fails, as it was given: timeout",
    ]
    response = await service.call("POST", "/v1/try", {**body, "http": [{"url": "a", "more": 1}]})
    assert response.status_code == 400


async def test_a_login_with_calls_becomes_a_case(service: Running) -> None:
    async with host() as server:
        await service.call("PATCH", f"/v1/tenants/{service.tenant}/settings", {"allowed_hosts": [server.url]})
        body = f'context.idToken["https://example.com/a"] = http.get("{server.url}/echo").status_code'
        await service.add("ask", body)
        answer = await service.execute()
        path = f"/v1/executions/{answer['execution_id']}/case?rule=ask"
        (case,) = (await service.call("GET", path)).json()["cases"]
        assert case["expect"]["idToken"] == {"https://example.com/a": 200}
        assert [(one["method"], one["url"], one["status"]) for one in case["http"]] == [
            ("GET", f"{server.url}/echo", 200)
        ]
        assert len(server.received) == 1


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
async def test_who_sets_values_at_once_makes_one_set_after_the_other(
    tmp_path: Path, postgres_url: str, database: str
) -> None:
    with fresh_database(postgres_url) as url:
        shared = {"DATABASE_URL": url, "CLAIMSMITH_SECRET": "a-secret-that-both-replicas-have-in-common"}
        async with running(tmp_path, shared if database == "postgres" else None) as service:
            numbers = await asyncio.gather(*(put(service, f"KEY_{n}", str(n)) for n in range(20)))
            assert sorted(numbers) == list(range(1, 21))
            live = await service.service.configurations.live("default")
            assert (live.number, len(live.values)) == (20, 20)
            for number in numbers:  # each set holds what was set by then, and never changes
                stored = await service.service.configurations.numbered("default", number)
                assert len(stored.values) == number
            deletions = asyncio.gather(*(service.call("DELETE", "/v1/configuration/KEY_0") for _ in range(5)))
            await put(service, "KEY_1", "new")
            assert sorted(one.status_code for one in await deletions) == [204, 404, 404, 404, 404]
            live = await service.service.configurations.live("default")
            assert (live.number, len(live.values), live.values["KEY_1"]) == (22, 19, "new")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({f"KEY_{n}": "x" for n in range(201)}, "these are 201 values: the limit is 200"),
        ({"KEY": "x" * 65_537}, "the value has 65537 bytes: the limit is 65536"),
        ({"A.B": "x"}, "`A.B` is not a name"),
    ],
)
async def test_a_draft_is_given_what_could_be_set(service: Running, values: dict[str, str], said: str) -> None:
    script = "def rule(user, context):\n    x = configuration.keys()\n"
    body = {"user": {"user_id": "u"}, "script": script, "configuration": values}
    response = await service.call("POST", "/v1/try", body)
    assert response.status_code == 422
    assert said in response.json()["error_description"]


async def test_a_set_that_cannot_be_opened_stops_its_own_tenant_only(tmp_path: Path) -> None:
    environ = {"CLAIMSMITH_SECRET": "the-new-secret-of-this-service-123456"}
    async with running(tmp_path, environ) as service:
        await service.call("PUT", "/v1/tenants/other")
        for tenant in ("default", "other"):
            await service.service.configurations.put(tenant, "KEY", tenant, by="tester")
            await service.add("read", 'context.idToken["https://example.com/a"] = configuration.KEY', tenant=tenant)
    with sqlite3.connect(tmp_path / "claimsmith.db") as connection:
        connection.execute("UPDATE configurations SET sealed = x'00' WHERE tenant = 'default'")
    connection.close()
    for more in ({}, {"CLAIMSMITH_SECRET_PREVIOUS": "the-old-secret-of-this-service-123456"}):
        async with running(tmp_path, {**environ, **more}) as service:
            assert (await service.execute(tenant="other"))["idToken"] == {"https://example.com/a": "other"}
            response = await service.call("POST", "/v1/execute", {"user": {"user_id": "u"}, "context": {}})
            assert response.status_code == 503
            assert "configuration 1 of tenant `default` was sealed with another secret" in response.text
