"""Rules on trial beside the live ones: counted, and never in a token."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from engine.store.shadows import Shadow
from tests.api import fresh
from tests.service import Running, running

pytestmark = pytest.mark.anyio

NS = "https://example.com/"


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("shadow")) as service:
        yield service


@pytest.fixture
async def tenant(service: Running) -> str:
    return await fresh.tenant(service)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.shadowing.BEHIND", 0.0)
    monkeypatch.setattr("engine.shadowing.EVERY", 0.05)


async def shadow(service: Running, tenant: str, replayed: int = 0) -> dict[str, Any]:
    """What is on trial, once it has seen so many logins."""
    async with asyncio.timeout(20):
        while True:
            response = await service.call("GET", "/v1/shadow", tenant=tenant)
            assert response.status_code == 200, response.text
            found: dict[str, Any] = response.json()
            if found["impact"]["replayed"] >= replayed:
                return found
            await asyncio.sleep(0.05)


async def logins(service: Running, tenant: str, *users: str) -> list[dict[str, Any]]:
    answers = []
    for user in users:
        answers.append(await service.execute({"user_id": user}, tenant=tenant))
        await asyncio.sleep(0.002)
    return answers


async def test_what_is_saved_is_tried_on_the_logins_from_now_on(service: Running, tenant: str) -> None:
    rule = await service.add("r", f"context.idToken['{NS}a'] = 1", tenant=tenant)
    await logins(service, tenant, "before")
    script = f"""\
def rule(user, context):
    context.idToken['{NS}a'] = 2 if user.user_id == 'ada' else 1
    if user.user_id == 'eve':
        1 / 0
"""
    saved = {"script": script, "deploy": False}
    assert (await service.call("PATCH", f"/v1/rules/{rule.id}", saved, tenant=tenant)).status_code == 200
    started = await service.call("PUT", "/v1/shadow", {}, tenant=tenant)
    assert (started.status_code, started.json()["impact"]["replayed"]) == (200, 0)
    assert started.json()["rules"][0]["version"] == 2
    await asyncio.sleep(0.002)
    answers = await logins(service, tenant, "ada", "bob", "eve")
    assert [answer["idToken"] for answer in answers] == [{f"{NS}a": 1}] * 3
    found = await shadow(service, tenant, 3)
    impact = found["impact"]
    assert (impact["replayed"], impact["unchanged"], impact["left_out"]) == (3, 1, 0)
    assert impact["changed"] == {"count": 1, "examples": [answers[0]["execution_id"]]}
    assert impact["denied"] == impact["failed"] == {"count": 1, "examples": [answers[2]["execution_id"]]}
    assert found["reached"] == answers[2]["execution_id"]
    assert (found["revision"], found["started_by"]) == (None, "tester")
    # Nothing of it is recorded or counted as a login.
    listed = (await service.call("GET", "/v1/executions", tenant=tenant)).json()["executions"]
    assert [one["decision"] for one in listed] == ["allow"] * 4
    await logins(service, tenant, "ada")
    assert (await shadow(service, tenant, 4))["impact"]["changed"]["count"] == 2


async def test_a_stored_revision_and_the_end(service: Running, tenant: str) -> None:
    await service.add("r", "context.idToken['a'] = 1", tenant=tenant)
    assert (await service.call("PUT", "/v1/shadow", {"revision": 1}, tenant=tenant)).json()["revision"] == 1
    await asyncio.sleep(0.002)
    await logins(service, tenant, "ada")
    assert (await shadow(service, tenant, 1))["impact"]["claims"]["a"]["count"] == 1
    assert (await service.call("DELETE", "/v1/shadow", tenant=tenant)).status_code == 204
    assert (await service.call("DELETE", "/v1/shadow", tenant=tenant)).status_code == 204
    assert (await service.call("GET", "/v1/shadow", tenant=tenant)).status_code == 404
    for body, status in (({"revision": 99}, 404), ({"revision": 0}, 400), ({"x": 1}, 400)):
        assert (await service.call("PUT", "/v1/shadow", body, tenant=tenant)).status_code == status


async def test_a_new_one_starts_anew(service: Running, tenant: str) -> None:
    await service.add("r", "context.idToken['a'] = 1", tenant=tenant)
    await service.call("PUT", "/v1/shadow", {"revision": 1}, tenant=tenant)
    await asyncio.sleep(0.002)
    await logins(service, tenant, "ada")
    await shadow(service, tenant, 1)
    again = await service.call("PUT", "/v1/shadow", {"revision": 2}, tenant=tenant)
    assert again.json()["impact"]["replayed"] == 0
    await asyncio.sleep(0.002)
    await logins(service, tenant, "bob")
    found = await shadow(service, tenant, 1)
    assert (found["impact"]["replayed"], found["impact"]["unchanged"]) == (1, 1)


async def test_logins_are_left_out_where_there_are_too_many(
    service: Running, tenant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.shadowing.BEHIND", 3600.0)  # not yet
    await service.call("PUT", "/v1/shadow", {"revision": 1}, tenant=tenant)
    await asyncio.sleep(0.002)
    await logins(service, tenant, *"abcde")
    while service.service.records.waiting:
        await asyncio.sleep(0.01)
    monkeypatch.setattr("engine.shadowing.MOST_BEHIND", 3)
    monkeypatch.setattr("engine.shadowing.BEHIND", 0.0)
    async with asyncio.timeout(20):
        while (found := await shadow(service, tenant))["impact"]["left_out"] != 5:
            await asyncio.sleep(0.05)
    assert found["impact"]["replayed"] == 0


async def test_it_goes_on_after_a_restart_and_one_of_two_does_it(tmp_path: Path) -> None:
    async with running(tmp_path) as service:
        await service.call("PUT", "/v1/shadow", {"revision": 1}, tenant="default")
        await asyncio.sleep(0.002)
        await logins(service, "default", "ada")
        assert (await shadow(service, "default", 1))["impact"]["unchanged"] == 1
        assert await service.service.store.take_shadow("default", "another", 30) is None
    async with running(tmp_path) as service:
        await logins(service, "default", "bob")
        found = await shadow(service, "default", 2)
        assert (found["impact"]["replayed"], found["impact"]["unchanged"]) == (2, 2)


async def test_who_has_lost_it_keeps_nothing(service: Running, tenant: str) -> None:
    store = service.service.store
    await service.call("PUT", "/v1/shadow", {"revision": 1}, tenant=tenant)
    mine = await store.take_shadow(tenant, service.service.shadowing._me, 30)
    assert mine is not None
    assert await store.advance_shadow(mine, "another") is False
    assert await store.advance_shadow(mine, service.service.shadowing._me) is True
    await service.call("PUT", "/v1/shadow", {"revision": 1}, tenant=tenant)
    assert await store.advance_shadow(mine, service.service.shadowing._me) is False


async def test_slow_rules_come_as_far_as_they_can(
    service: Running, tenant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was found is kept before another process may take over, however few logins that are."""
    kept: list[str] = []
    advance = service.service.store.advance_shadow

    async def advancing(shadow: Shadow, by: str) -> bool:
        kept.append(shadow.reached)
        return await advance(shadow, by)

    monkeypatch.setattr("engine.shadowing.AT_A_STRETCH", 0.0)
    monkeypatch.setattr(service.service.store, "advance_shadow", advancing)
    await service.add("r", "context.idToken.x = 1", tenant=tenant)
    await service.call("PUT", "/v1/shadow", {}, tenant=tenant)
    answers = await logins(service, tenant, "ada", "bob", "eve")
    found = await shadow(service, tenant, replayed=3)
    assert found["impact"]["replayed"] == 3
    assert kept == [answer["execution_id"] for answer in answers]
