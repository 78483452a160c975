"""`GET /v1/issuers`: what an operator sees of a hook, after real calls of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

import api.hooks
from api.hook_calls import REFUSED
from api.issuers.table import ISSUERS
from cli.simulation import calls_of
from engine.capability import Capability
from engine.last_calls import EVERY
from sandbox.pool import Busy
from tests.api import fresh
from tests.api.test_hooks import CLAIM, ask, headers_for, ready
from tests.issuers.hooked import hooked
from tests.servers import fresh_database
from tests.service import Running, running

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("calls")) as service:
        yield service


async def shown(service: Running, tenant: str, issuer: str) -> dict[str, Any]:
    response = await service.call("GET", "/v1/issuers", scope="rules:read", tenant=tenant)
    assert response.status_code == 200, response.text
    found: dict[str, dict[str, Any]] = {one["name"]: one for one in response.json()["issuers"]}
    return found[issuer]


async def last(service: Running, tenant: str, issuer: str) -> tuple[str | None, str | None]:
    found = (await shown(service, tenant, issuer))["last_call"]
    return (found["ended"], found["error"]) if found else (None, None)


async def test_every_issuer_with_what_it_can_carry(service: Running) -> None:
    tenant = await fresh.tenant(service)
    response = await service.call("GET", "/v1/issuers", scope="rules:read", tenant=tenant)
    assert response.json()["seen_by"] == "process"  # there is no Redis
    found = response.json()["issuers"]
    assert [one["name"] for one in found] == list(ISSUERS)
    for one in found:
        issuer = ISSUERS[one["name"]]
        assert msgspec.convert(one["can"], Capability) == issuer.capability
        assert one["can"].keys() == {*Capability.__struct_fields__}
        assert (one["path"], one["accepts"]) == (f"/v1/hooks/{issuer.name}/{tenant}", list(issuer.secrets))
        assert (one["secrets"], one["last_call"], one["last_answered"]) == (0, None, None)
        assert (one["wait"], one["fails"], one["denies"]) == (issuer.wait, issuer.fails, issuer.denies)
        assert (one["within"], one["deadline_ms"]) == (issuer.wait, None)


@pytest.mark.parametrize(
    ("issuer", "deadline", "within"),
    [("okta", 900, 0.9), ("okta", 30_000, 3.0), ("zitadel", 30_000, 30.0), ("entra", 1_001, 1.001)],
)
async def test_how_long_it_waits_by_the_tenants_settings(
    service: Running, issuer: str, deadline: int, within: float
) -> None:
    """One that fails open waits no longer than it is known to: tests/issuers/test_deadlines.py has it answered so."""
    tenant = await hooked(service, issuer, secrets={}, settings={"deadline_ms": deadline})
    row = await shown(service, tenant, issuer)
    assert (row["wait"], row["deadline_ms"], row["within"]) == (ISSUERS[issuer].wait, deadline, within)
    other = await shown(service, tenant, "hydra")
    assert (other["deadline_ms"], other["within"]) == (None, other["wait"])
    changed = await service.call("PATCH", f"/v1/tenants/{tenant}/settings", {"hooks": {issuer: {"deadline_ms": None}}})
    assert changed.status_code == 200
    assert (await shown(service, tenant, issuer))["within"] == ISSUERS[issuer].wait


@pytest.mark.parametrize("issuer", ["hydra", "supabase", "wso2", "zitadel", "workos"])
async def test_a_call_is_answered_and_a_stranger_is_refused(service: Running, issuer: str) -> None:
    tenant = await ready(service, issuer, CLAIM)
    began = datetime.now(UTC)
    assert (await ask(service, issuer, tenant)).status_code in (200, 204)
    row = await shown(service, tenant, issuer)
    call = row["last_call"]
    assert call == {"at": row["last_answered"], "ended": "answered", "error": None, "text": None}
    assert began <= datetime.fromisoformat(call["at"]) <= datetime.now(UTC)
    assert row["secrets"] == 1
    body = msgspec.json.encode(next(iter(calls_of(ISSUERS[issuer]).values())))
    unsigned = {"content-type": "application/json"}
    await service.client.post(f"/v1/hooks/{issuer}/{tenant}", content=body, headers=unsigned)
    row = await shown(service, tenant, issuer)
    kind = "unsigned" if issuer in ("supabase", "zitadel", "workos") else "credentials"
    assert (row["last_call"]["ended"], row["last_call"]["error"]) == ("refused", kind)
    assert row["last_call"]["text"] == REFUSED[kind]
    assert row["last_answered"] is not None
    assert (await shown(service, tenant, "okta"))["last_call"] is None


async def test_each_way_to_be_refused(service: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    tenant = await ready(service, "supabase", CLAIM)
    path = f"/v1/hooks/supabase/{tenant}"
    body = msgspec.json.encode(next(iter(calls_of(ISSUERS["supabase"]).values())))
    signed = headers_for("supabase", body)
    await service.client.post(path, content=b" " + body, headers=signed)
    assert await last(service, tenant, "supabase") == ("refused", "signature")
    monkeypatch.setattr(api.hooks, "now", lambda: time.time() + 3600)
    await service.client.post(path, content=body, headers=signed)
    assert await last(service, tenant, "supabase") == ("refused", "stale")
    monkeypatch.undo()
    await service.client.post(path, content=body, headers=signed | {"content-type": "text/plain"})
    assert await last(service, tenant, "supabase") == ("refused", "unreadable")
    await ask(service, "supabase", tenant, b"{}")
    assert await last(service, tenant, "supabase") == ("refused", "invalid")

    async def busy(*args: Any, **named: Any) -> None:
        raise Busy("too many")

    monkeypatch.setattr(service.service.engine, "evaluate", busy)
    await ask(service, "supabase", tenant)
    assert await last(service, tenant, "supabase") == ("refused", "unavailable")
    monkeypatch.undo()
    await ask(service, "supabase", tenant)
    assert await last(service, tenant, "supabase") == ("answered", None)


async def test_a_denial_is_an_answer_and_a_failure_is_none(service: Running) -> None:
    denying = await ready(service, "hydra", "raise UnauthorizedError('no')")
    await ask(service, "hydra", denying)
    assert await last(service, denying, "hydra") == ("answered", None)
    failing = await ready(service, "hydra", "raise ValueError('x')")
    await ask(service, "hydra", failing)
    assert await last(service, failing, "hydra") == ("refused", "failed")


async def test_without_a_secret_it_is_said_and_unknown_tenants_are_not_remembered(service: Running) -> None:
    tenant = await hooked(service, "okta", secrets={}, rules=[CLAIM])
    known = dict(service.service.last_calls._own)
    for whose in (tenant, *(f"nobody{number}" for number in range(50))):
        assert (await service.client.post(f"/v1/hooks/okta/{whose}", content=b"{}")).status_code == 401
    assert await last(service, tenant, "okta") == ("refused", "no_secret")
    assert service.service.last_calls._own.keys() - known.keys() == {tenant}


async def test_a_tenant_made_again_begins_anew(service: Running) -> None:
    tenant = await ready(service, "hydra", CLAIM)
    await ask(service, "hydra", tenant)
    await asyncio.sleep(0.01)
    assert (await service.call("DELETE", f"/v1/tenants/{tenant}")).status_code == 204
    assert (await service.call("GET", "/v1/issuers", tenant=tenant)).status_code == 404
    assert (await service.call("PUT", f"/v1/tenants/{tenant}")).status_code == 201
    assert await last(service, tenant, "hydra") == (None, None)


async def test_replicas_tell_each_other_and_a_restart_forgets_nothing(
    tmp_path: Path, postgres_url: str, redis_server: str
) -> None:
    with fresh_database(postgres_url) as database:
        environ = {"DATABASE_URL": database, "REDIS_URL": redis_server, "CLAIMSMITH_SECRET": "s" * 40}
        async with running(tmp_path / "one", environ) as one:
            tenant = await ready(one, "hydra", CLAIM)
            async with running(tmp_path / "two", environ) as two:
                await ask(two, "hydra", tenant)
                at = (await shown(two, tenant, "hydra"))["last_answered"]
                end = time.monotonic() + EVERY + 5
                while (found := await shown(one, tenant, "hydra"))["last_answered"] != at:
                    assert time.monotonic() < end, found
                    await asyncio.sleep(0.05)
                await ask(two, "hydra", tenant, authorization="Bearer nobody")
            # What it had not written yet it has with its end.
            assert await last(one, tenant, "hydra") == ("refused", "credentials")
        async with running(tmp_path / "three", environ) as three:
            assert (await shown(three, tenant, "hydra"))["last_answered"] == at
            assert await last(three, tenant, "hydra") == ("refused", "credentials")
            response = await three.call("GET", "/v1/issuers", tenant=tenant)
            assert response.json()["seen_by"] == "service"
