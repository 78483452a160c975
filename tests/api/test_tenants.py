"""Tenants and their settings, for administrators."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import anyio
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


async def test_put_and_get(service: Running, tenant: str) -> None:
    one = await service.call("GET", f"/v1/tenants/{tenant}")
    again = await service.call("PUT", f"/v1/tenants/{tenant}")
    assert (one.status_code, again.status_code) == (200, 200)
    assert one.json() == again.json() == {"id": tenant, "created_at": one.json()["created_at"]}
    listed = (await service.call("GET", "/v1/tenants")).json()["tenants"]
    assert one.json() in listed
    assert [entry["id"] for entry in listed] == sorted(entry["id"] for entry in listed)


@pytest.mark.parametrize("name", ["A", "-a", "a%20b", "a" * 64, "%00", "%ff", "%ed%a0%80", "é", "a%0a"])
async def test_no_tenant_name(service: Running, name: str) -> None:
    made = await service.call("PUT", f"/v1/tenants/{name}")
    assert (made.status_code, made.json()["error"]) == (400, "invalid_request")
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/settings")):
        response = await service.call(method, f"/v1/tenants/{name}{path}")
        assert (response.status_code, response.json()["error"]) == (404, "not_found")


async def test_settings(service: Running, tenant: str) -> None:
    path = f"/v1/tenants/{tenant}/settings"
    recording = {"executions": "all", "share": 1.0, "days": 30, "count": 1_000_000, "redact": None, "drop": []}
    defaults = {
        "strict_claims": False,
        "scope_changes": False,
        "lifetime_changes": False,
        "hooks": {},
        "allowed_hosts": [],
        "recording": recording,
    }
    assert (await service.call("GET", path)).json() == defaults
    changed = await service.call("PATCH", path, {"scope_changes": True, "recording": {"days": 7}})
    assert (changed.status_code, changed.json()) == (
        200,
        defaults | {"scope_changes": True, "recording": recording | {"days": 7}},
    )
    assert (await service.call("PATCH", path, {})).json() == changed.json() == (await service.call("GET", path)).json()
    assert len((await service.call("GET", "/v1/revisions", tenant=tenant)).json()["revisions"]) == 2
    reset = await service.call("PATCH", path, {"recording": {"days": None}, "strict_claims": None})
    assert reset.json() == defaults | {"scope_changes": True}
    wrong: list[Any] = [
        {"strict_claims": "yes"},
        {"other": True},
        [],
        {"scope_changes": 1},
        {"recording": {"share": 1.5}},
        {"recording": {"days": 0}},
        {"recording": {"drop": ["user/email"]}},
        {"recording": {"drop": ["/user/name", "/email"]}},
        {"recording": {"redact": ["/idToken/email"]}},
        {"recording": {"executions": "some"}},
        {"recording": "all"},
        {"other": None},
        {"": None},
        {"recording": {"day": None}},
        {"hooks": {"okta": {"deadline": None}}},
    ]
    for body in wrong:
        refused = await service.call("PATCH", path, body)
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request")
    said = (await service.call("PATCH", path, {"recording": {"day": None}})).json()["error_description"]
    assert said == "`$.recording`: there is no setting `day`"
    nothing = {"hooks": {"okta": None}, "allowed_hosts": None}
    assert (await service.call("PATCH", path, nothing)).json() == defaults | {"scope_changes": True}
    assert (await service.call("PATCH", "/v1/tenants/nobody/settings", {})).status_code == 404


async def test_delete_takes_everything(service: Running, tenant: str) -> None:
    rule = await service.add("one", "context.idToken.a = 1", tenant=tenant)
    execution = await service.execute(tenant=tenant)
    while service.service.records.waiting:  # written behind the answer
        await anyio.sleep(0.01)
    assert (await service.call("DELETE", f"/v1/tenants/{tenant}")).status_code == 204
    paths = (
        f"/v1/rules/{rule.id}",
        f"/v1/rules/{rule.id}/versions",
        "/v1/rules",
        "/v1/revisions",
        f"/v1/executions/{execution['execution_id']}",
    )
    for path in paths:
        assert (await service.call("GET", path, tenant=tenant)).status_code == 404, path
    assert (await service.call("DELETE", f"/v1/tenants/{tenant}")).status_code == 404
    gone = await service.call("POST", "/v1/execute", {"user": {}}, tenant=tenant)
    assert (gone.status_code, gone.json()["error_description"]) == (404, f"tenant `{tenant}` does not exist")
    assert (await service.call("PUT", f"/v1/tenants/{tenant}")).status_code == 201
    again = await service.execute(tenant=tenant)
    assert (again["revision"], again["idToken"]) == (1, {})
    for path in paths[:2]:
        assert (await service.call("GET", path, tenant=tenant)).status_code == 404, path


async def test_an_administrator_acts_on_any_tenant(service: Running, tenant: str) -> None:
    headers = {"Claimsmith-Tenant": tenant}
    script = "def rule(user, context):\n    context.idToken.who = 1\n"
    made = await service.call("POST", "/v1/rules", {"name": "r", "script": script}, headers=headers)
    assert made.status_code == 201
    assert (await service.execute(tenant=tenant))["idToken"] == {"who": 1}
    for name, status in (("nobody", 404), ("No", 400), ("", 400)):
        response = await service.call("GET", "/v1/rules", headers={"Claimsmith-Tenant": name})
        assert response.status_code == status
    own = await service.call("GET", "/v1/rules", scope="rules:read", tenant=tenant, headers=headers)
    assert own.status_code == 200
    other = await service.call("GET", "/v1/rules", scope="rules:read", headers=headers)
    assert (other.status_code, other.json()["error"]) == (403, "insufficient_scope")
