"""The rules API, row by row of its table."""

from __future__ import annotations

import asyncio
import hashlib
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


ONE = "def rule(user, context):\n    context.idToken.n = 1\n"
TWO = "def rule(user, context):\n    context.idToken.n = 2\n"


def sha(script: str) -> str:
    return hashlib.sha256(script.encode()).hexdigest()


async def send(service: Running, method: str, path: str, body: Any = None, status: int = 200, **how: Any) -> Any:
    response = await service.call(method, path, body, **how)
    assert response.status_code == status, response.text
    return response.json() if response.content else None


def refused(error: str, description: str, problems: list[Any] | None = None) -> dict[str, Any]:
    return {"error": error, "error_description": description, "problems": problems or []}


async def test_create_and_read(service: Running, tenant: str) -> None:
    response = await service.call("POST", "/v1/rules", {"name": "one", "script": ONE}, tenant=tenant)
    rule = response.json()
    assert (response.status_code, response.headers["location"]) == (201, f"/v1/rules/{rule['id']}")
    assert rule == {
        "id": rule["id"],
        "name": "one",
        "script": ONE,
        "version": 1,
        "sha256": sha(ONE),
        "order": 1,
        "enabled": True,
        "on_failure": "deny",
        "conditions": {},
        "live": True,
        "revision": 2,
        "draft": None,
        "created_at": rule["created_at"],
        "updated_at": rule["created_at"],
    }
    read = await service.call("GET", f"/v1/rules/{rule['id']}", tenant=tenant)
    assert (read.json(), read.headers["etag"]) == (rule, response.headers["etag"])
    given = {"name": "two", "script": TWO, "order": 0, "enabled": False, "on_failure": "skip", "deploy": True}
    two = await send(service, "POST", "/v1/rules", given, 201, tenant=tenant)
    shown = {key: two[key] for key in given if key != "deploy"}
    assert (shown, two["revision"]) == ({key: value for key, value in given.items() if key != "deploy"}, 3)
    listed = await send(service, "GET", "/v1/rules", tenant=tenant)
    assert listed == {"revision": 3, "rules": [two, {**rule, "revision": 3}]}


async def test_patch(service: Running, tenant: str) -> None:
    rule = await send(service, "POST", "/v1/rules", {"name": "one", "script": ONE}, 201, tenant=tenant)
    path = f"/v1/rules/{rule['id']}"
    same = await send(service, "PATCH", path, {"script": ONE, "name": "one", "enabled": True}, tenant=tenant)
    assert same == rule
    changed = await send(service, "PATCH", path, {"script": TWO}, tenant=tenant)
    expected = {**rule, "script": TWO, "sha256": sha(TWO), "version": 2, "revision": 3}
    assert changed == {**expected, "updated_at": changed["updated_at"]}
    back = await send(service, "PATCH", path, {"script": ONE, "on_failure": "skip", "order": 7}, tenant=tenant)
    assert (back["version"], back["revision"], back["on_failure"], back["order"]) == (3, 4, "skip", 7)
    versions = await send(service, "GET", f"{path}/versions", tenant=tenant)
    assert [(v["version"], v["sha256"], v["created_by"]) for v in versions["versions"]] == [
        (3, sha(ONE), "tester"),
        (2, sha(TWO), "tester"),
        (1, sha(ONE), "tester"),
    ]
    two = await send(service, "GET", f"{path}/versions/2", tenant=tenant)
    assert two == {**versions["versions"][1], "script": TWO}
    for number in ("4", "0", "-1", "x", "99999999999"):
        missing = await send(service, "GET", f"{path}/versions/{number}", status=404, tenant=tenant)
        assert missing["error"] == "not_found"


async def test_a_name_is_taken_once(service: Running, tenant: str) -> None:
    one = await send(service, "POST", "/v1/rules", {"name": "one", "script": ONE}, 201, tenant=tenant)
    two = await send(service, "POST", "/v1/rules", {"name": "two", "script": ONE}, 201, tenant=tenant)
    text = f"the rule `{one['id']}` has the name `one` already: choose another"
    expected = refused("conflict", text, [{"code": "name_taken", "message": text}])
    assert await send(service, "POST", "/v1/rules", {"name": "one", "script": TWO}, 409, tenant=tenant) == expected
    assert await send(service, "PATCH", f"/v1/rules/{two['id']}", {"name": "one"}, 409, tenant=tenant) == expected
    await send(service, "PATCH", f"/v1/rules/{one['id']}", {"name": "one", "enabled": False}, tenant=tenant)
    await send(service, "DELETE", f"/v1/rules/{one['id']}", status=204, tenant=tenant)
    await send(service, "PATCH", f"/v1/rules/{two['id']}", {"name": "one"}, tenant=tenant)


async def test_of_many_at_once_one_gets_the_name(service: Running, tenant: str) -> None:
    answers = await asyncio.gather(
        *(service.call("POST", "/v1/rules", {"name": "same", "script": ONE}, tenant=tenant) for _ in range(6))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409, 409]
    assert len((await send(service, "GET", "/v1/rules", tenant=tenant))["rules"]) == 1


async def test_twenty_creates_at_once(service: Running, tenant: str) -> None:
    answers = await asyncio.gather(
        *(send(service, "POST", "/v1/rules", {"name": f"r{n}", "script": ONE}, 201, tenant=tenant) for n in range(20))
    )
    assert sorted(answer["revision"] for answer in answers) == list(range(2, 22))
    assert sorted(answer["order"] for answer in answers) == list(range(1, 21))
    listed = await send(service, "GET", "/v1/rules", tenant=tenant)
    assert (listed["revision"], len(listed["rules"])) == (21, 20)


async def test_if_match(service: Running, tenant: str) -> None:
    created = await service.call("POST", "/v1/rules", {"name": "one", "script": ONE}, tenant=tenant)
    path, etag = created.headers["location"], created.headers["etag"]

    async def patch(body: dict[str, Any], tag: str) -> Any:
        return await service.call("PATCH", path, body, tenant=tenant, headers={"If-Match": tag})

    text = f"rule `{created.json()['id']}` has changed since it was read: read it again"
    for tag in ('"x"', f"W/{etag}", "", etag.strip('"')):
        response = await patch({"enabled": False}, tag)
        assert (response.status_code, response.json()) == (412, refused("precondition_failed", text))
    response = await patch({"enabled": False}, f'"x", {etag}')
    assert response.status_code == 200
    assert response.headers["etag"] != etag
    assert (await patch({"enabled": True}, etag)).status_code == 412
    assert (await patch({"enabled": True}, "*")).status_code == 200
    deleted = await service.call("DELETE", path, tenant=tenant, headers={"If-Match": '"x"'})
    assert deleted.status_code == 412
    tag = (await service.call("GET", path, tenant=tenant)).headers["etag"]
    deleted = await service.call("DELETE", path, tenant=tenant, headers={"If-Match": tag})
    assert deleted.status_code == 204
    assert (await patch({}, "*")).status_code == 404


async def test_of_patches_at_once_one_wins(service: Running, tenant: str) -> None:
    created = await service.call("POST", "/v1/rules", {"name": "one", "script": ONE}, tenant=tenant)
    path, headers = created.headers["location"], {"If-Match": created.headers["etag"]}
    scripts = [ONE + f"# {n}\n" for n in range(8)]
    answers = await asyncio.gather(
        *(service.call("PATCH", path, {"script": script}, tenant=tenant, headers=headers) for script in scripts)
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 7
    won = next(answer for answer in answers if answer.status_code == 200)
    assert (await send(service, "GET", path, tenant=tenant)) == won.json()
    assert len((await send(service, "GET", path + "/versions", tenant=tenant))["versions"]) == 2


async def test_a_draft_is_not_live(service: Running, tenant: str) -> None:
    given = {"name": "one", "script": ONE, "deploy": False}
    rule = await send(service, "POST", "/v1/rules", given, 201, tenant=tenant)
    assert (rule["live"], rule["revision"], rule["draft"], rule["version"]) == (False, None, None, 1)
    assert (await service.execute(tenant=tenant))["idToken"] == {}
    path = f"/v1/rules/{rule['id']}"
    live = await send(service, "PATCH", path, {}, tenant=tenant)
    assert (live["live"], live["revision"]) == (True, 2)
    drafted = await send(service, "PATCH", path, {"script": TWO, "order": 9, "deploy": False}, tenant=tenant)
    draft = {"name": "one", "script": TWO, "version": 2, "sha256": sha(TWO), "order": 9, "enabled": True,
             "on_failure": "deny", "conditions": {}}  # fmt: skip
    assert drafted == {**live, "draft": draft, "updated_at": drafted["updated_at"]}
    assert await send(service, "GET", path, tenant=tenant) == drafted
    assert (await service.execute(tenant=tenant))["idToken"] == {"n": 1}
    deployed = await send(service, "PATCH", path, {"deploy": True}, tenant=tenant)
    assert deployed == {**drafted, **draft, "draft": None, "revision": 3, "updated_at": deployed["updated_at"]}
    assert (await service.execute(tenant=tenant))["idToken"] == {"n": 2}


async def test_a_token_that_may_not_deploy(service: Running, tenant: str) -> None:
    how: dict[str, Any] = {"tenant": tenant, "scope": "rules:read rules:write"}
    text = "this needs the scope `rules:deploy`"
    given = {"name": "one", "script": ONE}
    forbidden = await send(service, "POST", "/v1/rules", {**given, "deploy": True}, 403, **how)
    assert forbidden == refused("insufficient_scope", text)
    assert (await send(service, "GET", "/v1/rules", **how))["rules"] == []
    rule = await send(service, "POST", "/v1/rules", given, 201, **how)
    assert rule["live"] is False
    path = f"/v1/rules/{rule['id']}"
    await send(service, "PATCH", path, {"deploy": True}, 403, **how)
    await send(service, "PATCH", path, {"deploy": True}, tenant=tenant)
    saved = await send(service, "PATCH", path, {"enabled": False}, **how)
    assert (saved["enabled"], saved["draft"]["enabled"]) == (True, False)
    await send(service, "DELETE", path, status=403, **how)
    await send(service, "PUT", "/v1/rules/order", {"rules": [rule["id"]]}, 403, **how)
    await send(service, "POST", "/v1/revisions/1/activate", status=403, **how)
    other = await send(service, "POST", "/v1/rules", {"name": "two", "script": ONE}, 201, **how)
    await send(service, "DELETE", f"/v1/rules/{other['id']}", status=204, **how)
    assert (await service.execute(tenant=tenant))["idToken"] == {"n": 1}


async def test_order(service: Running, tenant: str) -> None:
    names = ["a", "b", "c"]
    rules = [
        await send(service, "POST", "/v1/rules", {"name": name, "script": ONE}, 201, tenant=tenant) for name in names
    ]
    a, b, c = [rule["id"] for rule in rules]
    assert await send(service, "PUT", "/v1/rules/order", {"rules": [c, a, b]}, tenant=tenant) == {
        "revision": 5,
        "rules": [c, a, b],
    }
    listed = await send(service, "GET", "/v1/rules", tenant=tenant)
    assert [(rule["id"], rule["order"]) for rule in listed["rules"]] == [(c, 1), (a, 2), (b, 3)]
    foreign = (await service.add("x", "pass", tenant=await fresh.tenant(service))).id
    for given, missing, unknown, repeated in (
        ([c, a], [b], [], []),
        ([], [a, b, c], [], []),
        ([a, b, c, "nope"], [], ["nope"], []),
        ([a, b, c, foreign], [], [foreign], []),
        ([a, b, c, a], [], [], [a]),
        ([a, a, "nope"], [b, c], ["nope"], [a]),
    ):
        answer = await send(service, "PUT", "/v1/rules/order", {"rules": given}, 422, tenant=tenant)
        (problem,) = answer["problems"]
        assert sorted(problem.pop("missing")) == sorted(missing)
        assert (answer["error"], problem) == ("unprocessable", {"unknown": unknown, "repeated": repeated})
    assert await send(service, "GET", "/v1/rules", tenant=tenant) == listed
    await send(service, "PUT", "/v1/rules/order", {"rules": [c, a, b]}, tenant=tenant)
    assert (await send(service, "GET", "/v1/rules", tenant=tenant))["revision"] == 5


async def test_delete(service: Running, tenant: str) -> None:
    rule = await send(service, "POST", "/v1/rules", {"name": "one", "script": ONE}, 201, tenant=tenant)
    path = f"/v1/rules/{rule['id']}"
    execution = await service.execute(tenant=tenant)
    await send(service, "DELETE", path, status=204, tenant=tenant)
    text = f"rule `{rule['id']}` does not exist"
    for method, body in (("GET", None), ("PATCH", {}), ("DELETE", None)):
        assert await send(service, method, path, body, 404, tenant=tenant) == refused("not_found", text)
    assert await send(service, "GET", "/v1/rules", tenant=tenant) == {"revision": 3, "rules": []}
    versions = (await send(service, "GET", path + "/versions", tenant=tenant))["versions"]
    assert [version["version"] for version in versions] == [1]
    assert (await send(service, "GET", path + "/versions/1", tenant=tenant))["script"] == ONE
    assert (await service.record(execution["execution_id"], tenant))["steps"][0]["rule_id"] == rule["id"]
    assert (await service.execute(tenant=tenant))["idToken"] == {}


INVALID = {
    "": [(1, 1, "no_rule_function", "a script needs a function `def rule(user, context):` at its top level")],
    "x = 1\n": [(1, 1, "no_rule_function", "a script needs a function `def rule(user, context):` at its top level")],
    "def rule(user, context):\n    return\n\ndef rule(user, context):\n    return\n": [
        (4, 1, "second_rule_function", "`rule` is defined already on line 1: keep one of them")],
    "def rule(user):\n    pass\n": [
        (1, 1, "wrong_arguments",
         "`rule` takes `(user, context)` or `(user, context, callback)`, without defaults or stars")],
    "def rule(user, context:\n": [(1, 9, "syntax_error", "'(' was never closed")],
    "def rule(user, context):\n    x = '\0'\n": [(2, 10, "syntax_error", r"the character '\x00' is not text")],
}  # fmt: skip


@pytest.mark.parametrize("script", INVALID)
async def test_an_invalid_rule(service: Running, tenant: str, script: str) -> None:
    problems = [
        {"line": line, "column": column, "code": code, "message": message, "severity": "error"}
        for line, column, code, message in INVALID[script]
    ]
    line, column, _, message = INVALID[script][0]
    expected = refused("invalid_rule", f"line {line}, column {column}: {message}", problems)
    assert await send(service, "POST", "/v1/rules", {"name": "r", "script": script}, 422, tenant=tenant) == expected
    assert await send(service, "POST", "/v1/try", {"user": {}, "script": script}, 422, tenant=tenant) == expected
    checked = await send(service, "POST", "/v1/rules/check", {"script": script}, tenant=tenant)
    assert checked == {"problems": problems}
    rule = await send(service, "POST", "/v1/rules", {"name": "r", "script": ONE}, 201, tenant=tenant)
    path = f"/v1/rules/{rule['id']}"
    body = {"script": script, "name": "other", "enabled": False}
    assert await send(service, "PATCH", path, body, 422, tenant=tenant) == expected
    assert await send(service, "GET", path, tenant=tenant) == rule
    assert len((await send(service, "GET", path + "/versions", tenant=tenant))["versions"]) == 1


async def test_several_problems(service: Running, tenant: str) -> None:
    script = "import os\ndef rule(user, context):\n    open('x')\n    return user.email\n"
    answer = await send(service, "POST", "/v1/rules", {"name": "r", "script": script}, 422, tenant=tenant)
    assert answer["error_description"].endswith("(and 1 more)")
    assert [(p["line"], p["column"], p["code"], p["severity"]) for p in answer["problems"]] == [
        (1, 8, "import_not_allowed", "error"),
        (3, 5, "name_not_available", "error"),
        (4, 5, "return_ignored", "hint"),
        (4, 12, "optional_field", "hint"),
    ]


async def test_check(service: Running, tenant: str) -> None:
    assert await send(service, "POST", "/v1/rules/check", {"script": ONE}, tenant=tenant) == {"problems": []}
    script = "def rule(user, context):\n    context.idToken.e = user.email\n"
    text = '`email` may be missing, and then this line raises: `user.get("email")` gives None instead'
    hint = {"line": 2, "column": 25, "code": "optional_field", "message": text, "severity": "hint"}
    assert await send(service, "POST", "/v1/rules/check", {"script": script}, tenant=tenant) == {"problems": [hint]}
    await send(service, "POST", "/v1/rules", {"name": "hinted", "script": script}, 201, tenant=tenant)
