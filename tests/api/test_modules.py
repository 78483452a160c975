"""Modules that a tenant's rules share: put, versioned, imported, and never live in a way that breaks a live rule."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.api import fresh
from tests.service import Running, running

pytestmark = pytest.mark.anyio

GEO = "def country(user):\n    return user.get('country', 'none')\n"
UPPER = "def country(user):\n    return user.get('country', 'none').upper()\n"
RULE = "import geo\ndef rule(user, context):\n    context.idToken['https://example.com/c'] = geo.country(user)\n"
CLAIM = "https://example.com/c"


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("modules")) as service:
        yield service


@pytest.fixture
async def tenant(service: Running) -> str:
    return await fresh.tenant(service)


async def send(service: Running, method: str, path: str, body: Any = None, status: int = 200, **how: Any) -> Any:
    response = await service.call(method, path, body, **how)
    assert response.status_code == status, response.text
    return response.json() if response.content else None


async def put(service: Running, tenant: str, name: str, script: str, status: int = 200) -> Any:
    return await send(service, "PUT", f"/v1/modules/{name}", {"script": script}, status, tenant=tenant)


async def add_rule(service: Running, tenant: str, name: str = "c", script: str = RULE, status: int = 201) -> Any:
    return await send(service, "POST", "/v1/rules", {"name": name, "script": script}, status, tenant=tenant)


async def claim(service: Running, tenant: str) -> Any:
    answer = await service.execute({"user_id": "u", "country": "de"}, tenant=tenant)
    assert answer["decision"] == "allow", answer
    return answer["idToken"].get(CLAIM)


async def test_a_rule_imports_what_is_live(service: Running, tenant: str) -> None:
    made = await put(service, tenant, "geo", GEO)
    assert (made["name"], made["version"], made["script"], made["revision"]) == ("geo", 1, GEO, 2)
    await add_rule(service, tenant)
    assert await claim(service, tenant) == "de"
    changed = await put(service, tenant, "geo", UPPER)
    assert (changed["version"], changed["revision"]) == (2, 4)
    assert await claim(service, tenant) == "DE"
    assert await put(service, tenant, "geo", UPPER) == changed  # nothing new
    listed = await send(service, "GET", "/v1/modules", tenant=tenant)
    assert listed == {
        "revision": 4,
        "modules": [{name: changed[name] for name in ("name", "script", "version", "sha256")}],
    }
    assert await send(service, "GET", "/v1/modules/geo", tenant=tenant) == changed
    versions = await send(service, "GET", "/v1/modules/geo/versions", tenant=tenant)
    assert [one["version"] for one in versions["versions"]] == [2, 1]
    assert (await send(service, "GET", "/v1/modules/geo/versions/1", tenant=tenant))["script"] == GEO
    revision = await send(service, "GET", "/v1/revisions/4", tenant=tenant)
    assert [(one["name"], one["version"], one["imports"]) for one in revision["modules"]] == [("geo", 2, [])]
    assert revision["rules"][0]["imports"] == ["geo"]


async def test_an_earlier_revision_brings_its_modules_back(service: Running, tenant: str) -> None:
    await put(service, tenant, "geo", GEO)
    first = (await add_rule(service, tenant))["revision"]
    await put(service, tenant, "geo", UPPER)
    await send(service, "POST", f"/v1/revisions/{first}/activate", {}, tenant=tenant)
    assert await claim(service, tenant) == "de"
    await send(service, "DELETE", f"/v1/rules/{(await rules(service, tenant))[0]['id']}", status=204, tenant=tenant)
    await send(service, "DELETE", "/v1/modules/geo", status=204, tenant=tenant)
    await send(service, "POST", f"/v1/revisions/{first}/activate", {}, tenant=tenant)
    assert await claim(service, tenant) == "de"
    assert (await put(service, tenant, "geo", "def country(user):\n    return 1\n"))["version"] == 3


async def rules(service: Running, tenant: str) -> Any:
    return (await send(service, "GET", "/v1/rules", tenant=tenant))["rules"]


async def test_a_replay_imports_what_was_live_then(service: Running, tenant: str) -> None:
    await put(service, tenant, "geo", GEO)
    await add_rule(service, tenant)
    answer = await service.execute({"user_id": "u", "country": "de"}, tenant=tenant)
    now = (await put(service, tenant, "geo", UPPER))["revision"]
    await service.record(answer["execution_id"], tenant)
    path = f"/v1/executions/{answer['execution_id']}/replay"
    assert (await send(service, "POST", path, {}, tenant=tenant))["identical"] is True
    other = await send(service, "POST", path, {"revision": now}, tenant=tenant)
    assert [(one["part"], one["old"], one["new"]) for one in other["differences"]] == [("idToken", "de", "DE")]
    drafts = {"rules": [{"name": "c", "script": RULE}], "modules": {"geo": GEO}}
    assert (await send(service, "POST", path, drafts, tenant=tenant))["identical"] is True
    case = await send(service, "GET", f"/v1/executions/{answer['execution_id']}/case?rule=c", tenant=tenant)
    assert case["cases"][0]["expect"]["idToken"] == {CLAIM: "de"}


async def test_what_would_break_a_live_rule_is_refused(service: Running, tenant: str) -> None:
    await put(service, tenant, "names", "def clean(text):\n    return text\n")
    await put(service, tenant, "geo", f"import names\n{GEO}")
    await add_rule(service, tenant)
    refused = await put(service, tenant, "geo", "def land(user):\n    return 1\n", 422)
    assert refused["error"] == "invalid_rule"
    assert refused["error_description"].startswith("rule `c`, line 3, column 52: `geo` has no `country` in rules")
    assert [(one["rule"], one["line"], one["code"]) for one in refused["problems"]] == [("c", 3, "unknown_member")]
    broken = await put(service, tenant, "geo", "def country(:\n", 422)
    assert {one.get("module") or one.get("rule") for one in broken["problems"]} == {"geo", "c"}
    gone = await send(service, "DELETE", "/v1/modules/names", status=422, tenant=tenant)
    assert [(one.get("module"), one.get("rule"), one["code"]) for one in gone["problems"]] == [
        ("geo", None, "import_not_allowed"),
        (None, "c", "module_refused"),
    ]
    cycle = await put(service, tenant, "names", "import geo\n", 422)
    assert {one["code"] for one in cycle["problems"]} == {"import_cycle"}
    assert "`geo` imports itself: geo -> names -> geo" in [one["message"] for one in cycle["problems"]]
    assert await claim(service, tenant) == "de"
    assert (await send(service, "GET", "/v1/modules", tenant=tenant))["revision"] == 4


async def test_modules_and_rules_go_live_together(service: Running, tenant: str) -> None:
    body = {
        "expected": 1,
        "rules": [{"name": "c", "script": RULE, "order": 1}],
        "modules": [{"name": "geo", "script": f"import names\n{GEO}"}, {"name": "names", "script": "x = 1\n"}],
    }
    answer = await send(service, "PUT", "/v1/rules", body, tenant=tenant)
    assert (answer["revision"], [one["name"] for one in answer["modules"]]) == (2, ["geo", "names"])
    assert await claim(service, tenant) == "de"
    # Without `modules` they stay, with them and `prune` only those stay.
    body = {"expected": 2, "rules": [{"name": "c", "script": RULE, "order": 2}], "prune": True}
    assert len((await send(service, "PUT", "/v1/rules", body, tenant=tenant))["modules"]) == 2
    body |= {"expected": 3, "modules": [{"name": "geo", "script": UPPER}]}
    assert [one["name"] for one in (await send(service, "PUT", "/v1/rules", body, tenant=tenant))["modules"]] == ["geo"]
    assert await claim(service, tenant) == "DE"
    body |= {"expected": 4, "modules": []}
    refused = await send(service, "PUT", "/v1/rules", body, 422, tenant=tenant)
    assert refused["problems"][0]["rule"] == "c"
    assert await claim(service, tenant) == "DE"


async def test_a_draft_is_checked_again_before_it_goes_live(service: Running, tenant: str) -> None:
    await put(service, tenant, "geo", GEO)
    draft = {"name": "c", "script": RULE, "deploy": False}
    made = await send(service, "POST", "/v1/rules", draft, 201, tenant=tenant)
    await put(service, tenant, "geo", "def land(user):\n    return 1\n")  # no live rule imports it
    refused = await send(service, "PATCH", f"/v1/rules/{made['id']}", {"deploy": True}, 422, tenant=tenant)
    assert refused["problems"][0]["code"] == "unknown_member"
    await put(service, tenant, "geo", GEO)
    await send(service, "PATCH", f"/v1/rules/{made['id']}", {"deploy": True}, tenant=tenant)
    assert await claim(service, tenant) == "de"


async def test_trying_and_checking_with_other_modules(service: Running, tenant: str) -> None:
    await put(service, tenant, "geo", GEO)
    login = {"user": {"user_id": "u", "country": "de"}, "context": {}, "script": RULE}
    assert (await send(service, "POST", "/v1/try", login, tenant=tenant))["idToken"] == {CLAIM: "de"}
    other = await send(service, "POST", "/v1/try", {**login, "modules": {"geo": UPPER}}, tenant=tenant)
    assert other["idToken"] == {CLAIM: "DE"}
    alone = {"user": {"user_id": "u"}, "modules": {"geo": UPPER}}
    assert (await send(service, "POST", "/v1/try", alone, 400, tenant=tenant))["error"] == "invalid_request"
    check = "/v1/rules/check"
    assert await send(service, "POST", check, {"script": RULE}, tenant=tenant) == {"problems": []}
    for body, code in (
        ({"script": RULE, "modules": {}}, "import_not_allowed"),
        ({"script": RULE, "modules": {"geo": "x = 1\n"}}, "unknown_member"),
        ({"script": "import os\n", "module": "geo"}, "import_not_allowed"),
        ({"script": "x = 1\n", "module": "json"}, "name_taken"),
    ):
        found = await send(service, "POST", check, body, tenant=tenant)
        assert [one["code"] for one in found["problems"]] == [code]
    assert (await send(service, "POST", check, {"script": GEO, "module": "other"}, tenant=tenant))["problems"] == []


@pytest.mark.parametrize("name", ["Geo", "geo.x", "1geo", "_geo", "g" * 65, "ge%20o", "ge%2fo", "json", "class"])
async def test_what_is_no_name(service: Running, tenant: str, name: str) -> None:
    response = await service.call("PUT", f"/v1/modules/{name}", {"script": "x = 1\n"}, tenant=tenant)
    assert response.status_code in (404, 422), response.text
    assert (await send(service, "GET", "/v1/modules", tenant=tenant))["modules"] == []


async def test_there_is_an_end_of_modules(service: Running, tenant: str) -> None:
    big = "x = '" + "x" * 60_000 + "'\n"
    body = {"expected": 1, "rules": [], "modules": [{"name": f"m{n}", "script": big} for n in range(18)]}
    refused = await send(service, "PUT", "/v1/rules", body, 422, tenant=tenant)
    assert refused["error_description"].startswith("18 modules with ")
    body["modules"] = [{"name": f"m{n}", "script": "x = 1\n"} for n in range(101)]
    assert (await send(service, "PUT", "/v1/rules", body, 422, tenant=tenant))["error"] == "unprocessable"
    await put(service, tenant, "geo", "x" * 70_000, 422)


@pytest.mark.parametrize("path", ["/v1/rules/check", "/v1/try"])
async def test_of_modules_that_are_only_sent_there_is_an_end_too(service: Running, tenant: str, path: str) -> None:
    """A body has room for a hundred thousand of them, and each may name all the others."""
    body: dict[str, Any] = {"script": RULE, "modules": {f"m{number}": "" for number in range(101)}}
    body |= {} if path == "/v1/rules/check" else {"user": {"user_id": "u"}, "context": {}}
    refused = await send(service, "POST", path, body, 400, tenant=tenant)
    assert "$.modules" in refused["error_description"]


async def test_many_rules_share_one_module(service: Running, tenant: str) -> None:
    modules = [{"name": "geo", "script": "import names\n" + GEO}, {"name": "names", "script": "x = 1\n"}]
    rules = [{"name": f"r{number}", "script": f"{RULE}\n# {number}\n", "order": number} for number in range(50)]
    body = {"expected": 1, "rules": rules, "modules": modules}
    assert len((await send(service, "PUT", "/v1/rules", body, tenant=tenant))["rules"]) == 50
    before = service.service.pool.counts.compiles
    assert await claim(service, tenant) == "de"
    assert service.service.pool.counts.compiles == before  # what was checked is what runs


async def test_of_two_who_put_at_once_both_or_one_is_told(service: Running, tenant: str) -> None:
    calls = [
        service.call("PUT", "/v1/modules/geo", {"script": f"x = {number}\n"}, tenant=tenant) for number in range(5)
    ]
    answers = await asyncio.gather(*calls)
    assert {answer.status_code for answer in answers} <= {200, 409}
    live = await send(service, "GET", "/v1/modules/geo", tenant=tenant)
    last = max((answer.json() for answer in answers if answer.status_code == 200), key=lambda one: one["revision"])
    assert live == last


async def test_another_tenants_module_is_none(service: Running, tenant: str) -> None:
    await put(service, tenant, "geo", GEO)
    other = await fresh.tenant(service)
    await add_rule(service, other, status=422)
    for path in ("/v1/modules/geo", "/v1/modules/geo/versions", "/v1/modules/geo/versions/1"):
        await send(service, "GET", path, status=404, tenant=other)
    await send(service, "DELETE", "/v1/modules/geo", status=404, tenant=other)
    await send(service, "GET", "/v1/modules/geo/versions/9", status=404, tenant=tenant)
    response = await service.call("PUT", "/v1/modules/geo", {"script": GEO}, scope="rules:write", tenant=tenant)
    assert (response.status_code, response.json()["error"]) == (403, "insufficient_scope")


async def test_ended_and_begun_anew(service: Running, tenant: str) -> None:
    """What a module keeps, it keeps for one rule of one login."""
    await put(service, tenant, "kept", "SEEN = []\ndef see(x):\n    SEEN.append(x)\n    return list(SEEN)\n")
    script = f"import kept\ndef rule(user, context):\n    context.idToken['{CLAIM}'] = kept.see(user.country)\n"
    await add_rule(service, tenant, script=script)
    await add_rule(service, tenant, name="again", script=script)
    for _ in range(3):
        assert await claim(service, tenant) == ["de"]
