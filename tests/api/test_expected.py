"""What goes live on top of the revision that its maker has seen, or not at all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from engine.models import PipelineModule, Revision
from tests.api import fresh
from tests.service import Running, running

pytestmark = pytest.mark.anyio

SCRIPT = "def rule(user, context):\n    context.idToken.x = user.user_id\n"
OTHER = "def rule(user, context):\n    context.idToken.x = 'other'\n"


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("expected")) as service:
        yield service


@pytest.fixture
async def tenant(service: Running) -> str:
    return await fresh.tenant(service)


async def test_whatever_goes_live(service: Running, tenant: str) -> None:
    """With the one that is live it is live, with another nothing of it is there."""
    rule = await service.add("first", "pass", tenant=tenant)
    path = f"/v1/rules/{rule.id}"
    calls: list[tuple[str, str, dict[str, Any]]] = [
        ("PATCH", path, {"script": SCRIPT}),
        ("PATCH", path, {"enabled": False}),
        ("POST", "/v1/rules", {"name": "second", "script": SCRIPT}),
        ("PUT", "/v1/rules/order", {"rules": []}),
        ("PUT", "/v1/modules/shared", {"script": "A = 1\n"}),
        ("POST", "/v1/revisions/2/activate", {}),
    ]
    for method, where, body in calls:
        rules = (await service.call("GET", "/v1/rules", tenant=tenant)).json()
        modules = (await service.call("GET", "/v1/modules", tenant=tenant)).json()
        live = rules["revision"]
        if where.endswith("order"):
            body = {"rules": [one["id"] for one in reversed(rules["rules"])]}
        for other in (live - 1, live + 1):
            refused = await service.call(method, where, {**body, "expected": other}, tenant=tenant)
            assert (refused.status_code, refused.json()["error"]) == (409, "conflict"), where
            assert refused.json()["problems"] == [
                {"code": "revision_race", "message": f"revision `{live}` is live, not `{other}`"}
            ]
        assert (await service.call("GET", "/v1/rules", tenant=tenant)).json() == rules
        assert (await service.call("GET", "/v1/modules", tenant=tenant)).json() == modules
        done = await service.call(method, where, {**body, "expected": live}, tenant=tenant)
        assert (done.status_code in (200, 201), done.json()["revision"]) == (True, live + 1), where


@pytest.mark.parametrize(("query", "body"), [("?expected=1", None), ("", {"expected": 1})])
async def test_what_a_deletion_does_not_look_at_is_refused(
    service: Running, tenant: str, query: str, body: dict[str, Any] | None
) -> None:
    """Who thinks that it is guarded so would lose a rule that somebody else has just changed."""
    rule = await service.add("first", "pass", tenant=tenant)
    refused = await service.call("DELETE", f"/v1/rules/{rule.id}{query}", body, tenant=tenant)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request")
    assert (await service.call("GET", f"/v1/rules/{rule.id}", tenant=tenant)).json()["live"]
    assert (await service.call("DELETE", f"/v1/rules/{rule.id}", tenant=tenant)).status_code == 204


async def test_a_draft_that_is_deployed(service: Running, tenant: str) -> None:
    rule = await service.add("first", "pass", tenant=tenant)
    path = f"/v1/rules/{rule.id}"
    saved = await service.call("PATCH", path, {"script": OTHER, "deploy": False}, tenant=tenant)
    live = saved.json()["revision"]
    await service.add("between", "pass", tenant=tenant)
    headers = {"If-Match": saved.headers["etag"]}  # of this rule alone, which is the same
    late = await service.call("PATCH", path, {"deploy": True, "expected": live}, tenant=tenant, headers=headers)
    assert late.status_code == 409
    assert (await service.execute(tenant=tenant))["idToken"] == {}
    again = {"deploy": True, "expected": live + 1}
    assert (await service.call("PATCH", path, again, tenant=tenant, headers=headers)).status_code == 200
    assert (await service.execute(tenant=tenant))["idToken"] == {"x": "other"}


@pytest.mark.parametrize("whole", [False, True])
async def test_nothing_goes_live_unchecked(
    service: Running, tenant: str, monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    """Not either where the expected revision goes live at the very moment between the look and the change."""
    await service.add("first", "pass", tenant=tenant)
    live = (await service.call("GET", "/v1/rules", tenant=tenant)).json()["revision"]
    store = service.service.store
    look = store.live_revision

    async def looked(of: str) -> Revision:
        found = await look(of)
        monkeypatch.undo()
        await service.add("between", "pass", tenant=tenant)
        return found

    monkeypatch.setattr(store, "live_revision", looked)
    wrong = "def f("
    if whole:
        rules = [{"name": "second", "script": wrong, "order": 1}]
        refused = await service.call("PUT", "/v1/rules", {"rules": rules, "expected": live + 1}, tenant=tenant)
    else:
        body = {"script": wrong, "expected": live + 1}
        refused = await service.call("PUT", "/v1/modules/shared", body, tenant=tenant)
    assert refused.status_code == 409, refused.text
    assert (await service.call("GET", "/v1/rules", tenant=tenant)).json()["revision"] == live + 1


@pytest.mark.parametrize("changes", [False, True])
async def test_a_rule_is_checked_with_the_modules_that_it_runs_with(
    service: Running, tenant: str, monkeypatch: pytest.MonkeyPatch, changes: bool
) -> None:
    """Also where its module becomes another one between the look and the change."""
    put = await service.call("PUT", "/v1/modules/shared", {"script": "A = 1\n"}, tenant=tenant)
    assert put.status_code == 200, put.text
    rule = await service.add("first", "pass", tenant=tenant)
    store = service.service.store
    look = store.live_revision

    async def looked(of: str) -> Revision:
        found = await look(of)
        monkeypatch.undo()
        await service.call("PUT", "/v1/modules/shared", {"script": "B = 1\n"}, tenant=tenant)
        return found

    monkeypatch.setattr(store, "live_revision", looked)
    script = "from shared import A\n\n\ndef rule(user, context):\n    context.idToken.x = A\n"
    if changes:
        answer = await service.call("PATCH", f"/v1/rules/{rule.id}", {"script": script}, tenant=tenant)
    else:
        answer = await service.call("POST", "/v1/rules", {"name": "second", "script": script}, tenant=tenant)
    assert (answer.status_code, answer.json()["error"]) == (422, "invalid_rule"), answer.text
    assert (await service.execute(tenant=tenant))["decision"] == "allow"


async def test_modules_that_go_live_without_end(service: Running, tenant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = service.service.store
    look = store.live_revision

    async def looked(of: str) -> Revision:
        return msgspec.structs.replace(await look(of), modules=(MOVED,))

    monkeypatch.setattr(store, "live_revision", looked)
    monkeypatch.setattr(service.service.validity, "sources", nothing)
    answer = await service.call("POST", "/v1/rules", {"name": "second", "script": SCRIPT}, tenant=tenant)
    assert (answer.status_code, answer.json()["problems"][0]["code"]) == (409, "revision_race"), answer.text


MOVED = PipelineModule(name="shared", version=1, sha256="0" * 64)


async def nothing(_: Revision) -> dict[str, str]:
    return {}


@pytest.mark.parametrize("expected", [0, -1, "7", 1.5, True])
async def test_what_no_revision_is(service: Running, tenant: str, expected: Any) -> None:
    body = {"name": "first", "script": SCRIPT, "expected": expected}
    refused = await service.call("POST", "/v1/rules", body, tenant=tenant)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request")
