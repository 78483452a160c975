"""What was live when, and going back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.api import fresh
from tests.service import Running, running

pytestmark = pytest.mark.anyio

SCRIPT = "def rule(user, context):\n    pass\n"


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("x")) as service:
        yield service


@pytest.fixture
async def tenant(service: Running) -> str:
    return await fresh.tenant(service)


async def get(service: Running, path: str, tenant: str) -> Any:
    response = await service.call("GET", path, tenant=tenant)
    assert response.status_code == 200, response.text
    return response.json()


async def test_every_change_that_goes_live_is_a_revision(service: Running, tenant: str) -> None:
    rule = await service.add("one", "context.idToken.n = 1", tenant=tenant)
    await service.call("PATCH", f"/v1/tenants/{tenant}/settings", {"strict_claims": True})
    listed = await get(service, "/v1/revisions", tenant)
    off = (await get(service, "/v1/revisions/1", tenant))["settings"]
    assert off["strict_claims"] is False
    strict = off | {"strict_claims": True}
    entry = {
        "id": rule.id,
        "name": "one",
        "version": 1,
        "sha256": rule.saved.sha256,
        "order": 1,
        "enabled": True,
        "on_failure": "deny",
        "conditions": {},
        "imports": [],
    }
    expected = [
        {
            "revision": 3,
            "rules": [entry],
            "modules": [],
            "settings": strict,
            "created_by": "tester",
            "restores": None,
            "message": "",
        },
        {
            "revision": 2,
            "rules": [entry],
            "modules": [],
            "settings": off,
            "created_by": "tester",
            "restores": None,
            "message": "",
        },
        {
            "revision": 1,
            "rules": [],
            "modules": [],
            "settings": off,
            "created_by": "tester",
            "restores": None,
            "message": "",
        },
    ]
    assert listed["before"] is None
    assert [{k: v for k, v in revision.items() if k != "created_at"} for revision in listed["revisions"]] == expected
    for revision in listed["revisions"]:
        assert await get(service, f"/v1/revisions/{revision['revision']}", tenant) == revision
    for number in ("0", "4", "-1", "x", "1.0", "99999999999"):
        missing = await service.call("GET", f"/v1/revisions/{number}", tenant=tenant)
        assert (missing.status_code, missing.json()["error"]) == (404, "not_found")


async def test_what_its_maker_says_of_it(service: Running, tenant: str) -> None:
    """Every call that makes rules live takes a message; what changes nothing live makes nothing that could say it."""
    new = {"name": "one", "script": SCRIPT, "message": "one is new"}
    rule = (await service.call("POST", "/v1/rules", new, tenant=tenant)).json()["id"]
    calls = [
        ("PATCH", f"/v1/rules/{rule}", {"enabled": False, "message": "one is off"}),
        ("PUT", "/v1/rules/order", {"rules": [rule], "message": "not seen: it is the order already"}),
        ("PATCH", f"/v1/rules/{rule}", {"enabled": True, "deploy": False, "message": "not seen: it is not live"}),
        ("PUT", "/v1/modules/shared", {"script": "a = 1\n", "message": "a module"}),
        ("POST", "/v1/revisions/2/activate", {"message": "back <b>again</b> \u0000 🙂"}),
        ("PUT", "/v1/rules", {"expected": 5, "rules": [], "prune": True, "message": "all away"}),
        ("POST", "/v1/revisions/5/activate", {}),
    ]
    for method, path, body in calls:
        assert (await service.call(method, path, body, tenant=tenant)).is_success
    listed = (await get(service, "/v1/revisions", tenant))["revisions"]
    said = {one["revision"]: one["message"] for one in listed}
    assert said == {
        7: "",
        6: "all away",
        5: "back <b>again</b> \u0000 🙂",
        4: "a module",
        3: "one is off",
        2: "one is new",
        1: "",
    }
    long = {"enabled": False, "message": "x" * 501}
    assert (await service.call("PATCH", f"/v1/rules/{rule}", long, tenant=tenant)).status_code == 400


async def test_pages(service: Running, tenant: str) -> None:
    for n in range(60):
        await service.call("PATCH", f"/v1/tenants/{tenant}/settings", {"strict_claims": n % 2 == 0})
    first = await get(service, "/v1/revisions", tenant)
    assert ([r["revision"] for r in first["revisions"]], first["before"]) == (list(range(61, 11, -1)), 12)
    second = await get(service, "/v1/revisions?before=12", tenant)
    assert ([r["revision"] for r in second["revisions"]], second["before"]) == (list(range(11, 0, -1)), None)
    assert await get(service, "/v1/revisions?before=0", tenant) == {"revisions": [], "before": None}
    for text in ("x", "", "-1", "1e3", "99999999999"):
        refused = await service.call("GET", f"/v1/revisions?before={text}", tenant=tenant)
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request")
        assert refused.json()["error_description"].endswith(": give the number of a revision: those before it")


async def test_activate_restores(service: Running, tenant: str) -> None:
    one = await service.add("one", "context.idToken.one = 1", tenant=tenant)
    two = await service.add("two", "context.idToken.two = 2", tenant=tenant)
    then = await get(service, "/v1/revisions/3", tenant)
    await service.call("DELETE", f"/v1/rules/{one.id}", tenant=tenant)
    await service.call("PATCH", f"/v1/rules/{two.id}", {"enabled": False}, tenant=tenant)
    assert (await service.execute(tenant=tenant))["idToken"] == {}
    response = await service.call("POST", "/v1/revisions/3/activate", tenant=tenant)
    now = response.json()
    assert (response.status_code, now) == (
        200,
        {**then, "revision": 6, "restores": 3, "created_at": now["created_at"], "created_by": "tester"},
    )
    assert (await service.execute(tenant=tenant))["idToken"] == {"one": 1, "two": 2}
    listed = await get(service, "/v1/rules", tenant)
    assert [(rule["id"], rule["name"], rule["enabled"], rule["live"]) for rule in listed["rules"]] == [
        (one.id, "one", True, True),
        (two.id, "two", True, True),
    ]
    response = await service.call("POST", "/v1/revisions/1/activate", {}, tenant=tenant)
    assert (response.json()["rules"], response.json()["revision"], response.json()["restores"]) == ([], 7, 1)
    assert (await service.execute(tenant=tenant))["idToken"] == {}


async def test_activate_what_does_not_exist(service: Running, tenant: str) -> None:
    for number in ("2", "0", "x", "99999999999"):
        response = await service.call("POST", f"/v1/revisions/{number}/activate", tenant=tenant)
        assert (response.status_code, response.json()["error"]) == (404, "not_found")
    assert len((await get(service, "/v1/revisions", tenant))["revisions"]) == 1


async def test_expected(service: Running, tenant: str) -> None:
    await service.add("one", "pass", tenant=tenant)
    response = await service.call("POST", "/v1/revisions/1/activate", {"expected": 1}, tenant=tenant)
    text = "revision `2` is live, not `1`"
    problems = [{"code": "revision_race", "message": text}]
    assert (response.status_code, response.json()) == (
        409,
        {"error": "conflict", "error_description": text, "problems": problems},
    )
    answers = await asyncio.gather(
        *(service.call("POST", "/v1/revisions/1/activate", {"expected": 2}, tenant=tenant) for _ in range(5))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]
    for expected in (0, -1, "2", 1.5, True):
        response = await service.call("POST", "/v1/revisions/1/activate", {"expected": expected}, tenant=tenant)
        assert response.status_code == 400
