"""Records that cannot be opened, tampered with or sealed with a lost key: all goes on without them, and says so."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

import api.executions
import api.traffic
import engine.impact
import engine.shadowing
from engine.following import Following
from engine.store.executions import Filter
from tests.api import fresh
from tests.service import Running, running

pytestmark = pytest.mark.anyio

CLAIM = "context.idToken['https://example.com/a'] = user.user_id"
DRAFT = {"name": "a", "script": "def rule(user, context):\n    context.idToken['https://example.com/a'] = 'b'\n"}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("unreadable")


@pytest.fixture(scope="module")
async def service(data: Path, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(data) as service:
        yield service


@pytest.fixture
async def tenant(service: Running) -> str:
    return await fresh.tenant(service)


async def logins(service: Running, tenant: str, count: int) -> list[str]:
    """Their ids, the newest first."""
    ids = []
    for number in range(count):
        ids.append((await service.execute({"user_id": f"u{number}"}, tenant=tenant))["execution_id"])
        await asyncio.sleep(0.002)
    while service.service.records.waiting:
        await asyncio.sleep(0.01)
    return ids[::-1]


def tamper(data: Path, *ids: str) -> None:
    with contextlib.closing(sqlite3.connect(data / "claimsmith.db")) as opened, opened as connection:
        for name in ids:
            changed = connection.execute("UPDATE executions SET record = x'00' WHERE id = ?", (name,))
            assert changed.rowcount == 1


async def page(service: Running, tenant: str, **query: Any) -> tuple[list[str], int, str | None]:
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    found = (await service.call("GET", f"/v1/executions?{asked}", tenant=tenant)).json()
    return [one["execution_id"] for one in found["executions"]], found["unreadable"], found["cursor"]


async def test_a_page_goes_on_to_its_limit(service: Running, tenant: str, data: Path) -> None:
    ids = await logins(service, tenant, 8)
    tamper(data, ids[0], ids[2], ids[3])
    assert await page(service, tenant, limit=3) == ([ids[1], ids[4], ids[5]], 3, ids[5])
    assert await page(service, tenant, limit=3, cursor=ids[5]) == (ids[6:], 0, None)
    assert await page(service, tenant, limit=1) == ([ids[1]], 1, ids[1])
    assert await page(service, tenant, limit=500) == ([ids[1], *ids[4:]], 3, None)


async def test_where_none_can_be_opened(
    service: Running, tenant: str, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key is lost: not all of a million are looked at for one page, and the next page goes on."""
    ids = await logins(service, tenant, 7)
    tamper(data, *ids[:6])
    assert await page(service, tenant, limit=2) == ([ids[6]], 6, None)
    monkeypatch.setattr(api.executions, "MOST", 3)
    assert await page(service, tenant, limit=2) == ([], 4, ids[3])
    assert await page(service, tenant, limit=2, cursor=ids[3]) == ([ids[6]], 2, None)


async def test_they_are_in_no_other_number_of_the_traffic(
    service: Running, tenant: str, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = await logins(service, tenant, 5)
    tamper(data, *ids[:3])
    monkeypatch.setattr(api.traffic, "PAGE", 2)  # the first page has nothing else
    found = (await service.call("GET", "/v1/traffic", tenant=tenant)).json()
    assert (found["executions"], found["unreadable"], found["more"]) == (2, 3, False)
    assert found["decisions"]["allow"] == 2
    found = (await service.call("GET", "/v1/traffic?limit=1", tenant=tenant)).json()
    assert (found["executions"], found["more"]) == (1, True)


async def test_an_analysis_goes_on(service: Running, tenant: str, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await service.add("a", CLAIM, tenant=tenant)
    ids = await logins(service, tenant, 6)
    tamper(data, *ids[:3])
    monkeypatch.setattr(engine.impact, "PAGE", 2)

    async def asked(**more: Any) -> list[Any]:
        body = {"since": "1h", "rules": [DRAFT], **more}
        response = await service.call("POST", "/v1/impact", body, tenant=tenant)
        return [json.loads(line) for line in response.text.splitlines()]

    *_, progress, last = await asked()
    assert progress == {"replayed": 6, "of": 6}
    found = last["impact"]
    assert (found["replayed"], found["changed"]["count"], found["unreadable"], found["left_out"]) == (3, 3, 3, 0)
    found = (await asked(limit=2))[-1]["impact"]
    assert (found["replayed"], found["unreadable"]) == (2, 3)


async def test_a_trial_goes_on(service: Running, tenant: str, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rule = await service.add("a", CLAIM, tenant=tenant)
    saved = {"script": DRAFT["script"], "deploy": False}
    assert (await service.call("PATCH", f"/v1/rules/{rule.id}", saved, tenant=tenant)).status_code == 200
    monkeypatch.setattr(engine.shadowing, "BEHIND", 3.0)
    monkeypatch.setattr(engine.shadowing, "AT_ONCE", 2)
    assert (await service.call("PUT", "/v1/shadow", {}, tenant=tenant)).status_code == 200
    await asyncio.sleep(0.002)
    newest, *_, oldest = ids = await logins(service, tenant, 4)
    tamper(data, newest, ids[2], oldest)
    async with asyncio.timeout(15):
        while (found := (await service.call("GET", "/v1/shadow", tenant=tenant)).json())["reached"] != newest:
            await asyncio.sleep(0.05)
    assert (found["impact"]["replayed"], found["impact"]["unreadable"]) == (1, 3)


async def test_who_follows_is_told_once(service: Running, tenant: str, data: Path) -> None:
    following = Following(service.service.records, tenant, Filter())
    ids = await logins(service, tenant, 3)
    tamper(data, ids[1])
    told = [record.execution_id for record in await following.fresh()]
    assert (told, following.unreadable) == ([ids[2], ids[0]], 1)
    assert (await following.fresh(), following.unreadable) == ([], 0)
