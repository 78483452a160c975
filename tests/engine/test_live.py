"""Live revisions: what a service knows of changes made elsewhere, and without its database."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from engine.engine import Engine
from engine.live import POLL, Live
from engine.models import Transaction
from engine.store.errors import NotFound, Unavailable
from engine.store.store import Store
from tests.servers import fresh_database, postgres_server
from tests.service import Running, running

pytestmark = pytest.mark.anyio

WITHIN = POLL + 0.5
MARGIN = 3.0  # for a machine that does other things too
SECRET = "a secret of two replicas " * 2


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/claimsmith.db"
    else:
        with fresh_database(request.getfixturevalue("postgres_url")) as database:
            yield database


@contextlib.asynccontextmanager
async def live_on(url: str) -> AsyncIterator[tuple[Store, Live]]:
    store = await Store.open(url)
    live = Live(store)
    live.start()
    try:
        yield store, live
    finally:
        await live.close()
        await store.close()


async def deploy(store: Store, tenant: str, name: str) -> None:
    await store.create_rule(
        tenant,
        name=name,
        script=f"def rule(user, context):\n    context.idToken['https://example.com/by'] = {name!r}\n",
        order=None,
        enabled=True,
        on_failure="deny",
        deploy=True,
        by="tester",
    )


async def until(live: Live, tenant: str, names: list[str]) -> float:
    """Seconds until these rules are live."""
    began = time.monotonic()
    while [rule.name for rule in (await live.revision(tenant)).rules] != names:
        assert time.monotonic() - began < WITHIN + MARGIN
        await asyncio.sleep(0.01)
    return time.monotonic() - began


async def test_a_change_elsewhere_is_live_here(url: str) -> None:
    async with live_on(url) as (store, live), live_on(url) as (_, other):
        await store.create_tenant("acme", "tester")
        assert (await other.revision("acme")).number == 1
        await deploy(store, "acme", "one")
        took = await until(other, "acme", ["one"])
        print(f"\nlive on the other after {took:.2f} s")
        await deploy(store, "acme", "two")
        await until(other, "acme", ["one", "two"])
        live.put(await store.live_revision("acme"))
        assert (await live.revision("acme")).number == 3


async def test_a_tenant_that_is_ended_elsewhere(url: str) -> None:
    async with live_on(url) as (store, _), live_on(url) as (_, other):
        await store.create_tenant("acme", "tester")
        await other.revision("acme")
        await store.delete_tenant("acme", "root")
        began = time.monotonic()
        with pytest.raises(NotFound):
            while time.monotonic() < began + WITHIN + MARGIN:
                await other.revision("acme")
                await asyncio.sleep(0.01)
        # And it is there again as soon as it is made again.
        await store.create_tenant("acme", "tester")
        while True:
            with contextlib.suppress(NotFound):
                await other.revision("acme")
                break
            assert time.monotonic() < began + 2 * (WITHIN + MARGIN)
            await asyncio.sleep(0.01)


async def test_a_tenant_that_is_made_again_between_two_polls(url: str) -> None:
    """It has come as far as the old one, so its number says nothing."""
    async with live_on(url) as (store, _), live_on(url) as (_, other):
        await store.create_tenant("acme", "tester")
        await deploy(store, "acme", "old")
        assert (await other.revision("acme")).number == 2
        await store.delete_tenant("acme", "root")
        await store.create_tenant("acme", "tester")
        await deploy(store, "acme", "new")
        await until(other, "acme", ["new"])
        assert (await other.revision("acme")).number == 2


async def test_an_unknown_tenant_is_not_asked_for_again_at_once(tmp_path: Path) -> None:
    async with live_on(f"sqlite:///{tmp_path}/claimsmith.db") as (store, live):
        for _ in range(3):
            with pytest.raises(NotFound):
                await live.revision("acme")
        await store.create_tenant("acme", "tester")
        with pytest.raises(NotFound):
            await live.revision("acme")
        live.put(await store.live_revision("acme"))  # made here, so known at once
        assert (await live.revision("acme")).number == 1


async def test_an_older_revision_does_not_replace_a_newer_one(tmp_path: Path) -> None:
    async with live_on(f"sqlite:///{tmp_path}/claimsmith.db") as (store, live):
        await store.create_tenant("acme", "tester")
        await deploy(store, "acme", "one")
        live.put(await store.revision("acme", 2))
        live.put(await store.revision("acme", 1))
        assert (await live.revision("acme")).number == 2


async def test_the_database_goes_and_comes_back() -> None:
    with postgres_server() as server, fresh_database(server.url) as url:
        async with live_on(url) as (store, live):
            await store.create_tenant("acme", "tester")
            await store.create_tenant("other", "tester")
            await deploy(store, "acme", "one")
            await until(live, "acme", ["one"])
            server.stop()
            with pytest.raises(Unavailable):
                await live.revision("other")
            assert [rule.name for rule in (await live.revision("acme")).rules] == ["one"]
            end = time.monotonic() + WITHIN + MARGIN
            while live.database_available:
                assert time.monotonic() < end
                await asyncio.sleep(0.01)
            assert [rule.name for rule in (await live.revision("acme")).rules] == ["one"]
            server.start()
            await deploy(store, "acme", "two")
            await until(live, "acme", ["one", "two"])
            assert live.database_available
            assert (await live.revision("other")).number == 1


# Whole services


async def who(service: Running, tenant: str = "default") -> str | None:
    answer = await service.execute(tenant=tenant)
    return str(answer["idToken"].get("https://example.com/by"))


async def test_two_services_on_one_database(tmp_path: Path, postgres_url: str, redis_server: str) -> None:
    with fresh_database(postgres_url) as database:
        environ = {"DATABASE_URL": database, "REDIS_URL": redis_server, "CLAIMSMITH_SECRET": SECRET}
        async with running(tmp_path / "one", environ) as one, running(tmp_path / "two", environ) as two:
            rule = await one.add("by", "context.idToken['https://example.com/by'] = 'one'")
            await one.execute()
            for change in ("one", "two", "three"):
                text = f"def rule(user, context):\n    context.idToken['https://example.com/by'] = '{change}'\n"
                response = await one.call("PATCH", f"/v1/rules/{rule.id}", {"script": text})
                assert response.status_code == 200
                assert await who(one) == change  # here at once
                began = time.monotonic()
                while await who(two) != change:
                    assert time.monotonic() - began < WITHIN + MARGIN
                    await asyncio.sleep(0.01)
                print(f"\nlive on the other service after {time.monotonic() - began:.2f} s")
            # Compiled once, by the first; the other found it in Redis.
            assert two.service.compiled.counts.compiled == 0
            assert two.service.compiled.counts.redis >= 2


async def test_a_service_without_its_database(tmp_path: Path) -> None:
    """Who was here before goes on; who is new cannot be answered, and is told so in time."""
    with postgres_server() as server, fresh_database(server.url) as database:
        async with running(tmp_path, {"DATABASE_URL": database, "CLAIMSMITH_SECRET": SECRET}) as service:
            await service.call("PUT", "/v1/tenants/other")
            await service.add("by", "context.idToken['https://example.com/by'] = 'x'")
            assert await who(service) == "x"
            service.service.live.forget("other")
            server.stop()
            began = time.monotonic()
            body = {"user": {"user_id": "u"}, "context": {}}
            response = await service.call("POST", "/v1/execute", body, scope="execute", tenant="other")
            assert response.status_code == 503
            assert response.json()["error"] == "temporarily_unavailable"
            assert time.monotonic() - began < 2.0 + MARGIN
            assert await who(service) == "x"
            server.start()
            end = time.monotonic() + 10
            while (await service.call("POST", "/v1/execute", body, scope="execute", tenant="other")).status_code != 200:
                assert time.monotonic() < end
                await asyncio.sleep(0.05)


async def test_a_tenant_that_is_made_again_here(tmp_path: Path) -> None:
    async with running(tmp_path) as service:
        for name in ("old", "new"):
            await service.call("PUT", "/v1/tenants/acme")
            await service.add("by", f"context.idToken['https://example.com/by'] = '{name}'", tenant="acme")
            assert await who(service, "acme") == name
            if name == "old":
                assert (await service.call("DELETE", "/v1/tenants/acme")).status_code == 204
                body = {"user": {"user_id": "u"}, "context": {}}
                response = await service.call("POST", "/v1/execute", body, scope="execute", tenant="acme")
                assert response.status_code in (403, 404)


async def test_a_script_that_is_not_stored_any_more(tmp_path: Path) -> None:
    """The tenant was ended by another replica, and this one has neither heard of it nor compiled the rule."""
    async with running(tmp_path) as service:
        await service.call("PUT", "/v1/tenants/acme")
        await service.add("by", "pass", tenant="acme")
        engine: Engine = service.service.engine
        revision = await service.service.live.revision("acme")
        await service.service.store.delete_tenant("acme", "root")
        service.service.compiled._memory.clear()
        with pytest.raises(Unavailable, match="is not stored any more"):
            await engine.evaluate(
                Transaction(tenant="acme", user=b'{"user_id": "u"}', context=b"{}"), revision=revision
            )


async def test_a_deadline_before_the_rules_are_compiled(tmp_path: Path) -> None:
    async with running(tmp_path) as service:
        await service.add("by", "context.idToken['https://example.com/by'] = 'x'")
        service.service.compiled._memory.clear()
        body = {"user": {"user_id": "u"}, "context": {}, "deadline_ms": 1}
        response = await service.call("POST", "/v1/execute", body, scope="execute")
        assert response.status_code == 503
        await asyncio.sleep(0.2)
        assert await who(service) == "x"
