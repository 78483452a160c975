"""The audit log over HTTP: every endpoint that changes something leaves an entry, and what is secret is in none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from api.audit import AuditFilters
from api.routes import ROUTES
from api.row import Row
from engine.store.audit import ACTS
from tests.api import fresh
from tests.service import Running, running

FILTERS = [field.name for field in msgspec.structs.fields(AuditFilters)]

pytestmark = pytest.mark.anyio

SCRIPT = "def rule(user, context):\n    context.idToken.a = 1\n"
VALUE = "a value that nobody reads back"

# What is no change: executing, checking, trying, replaying.
NO_CHANGE = {
    ("POST", "/v1/execute"),
    ("POST", "/v1/rules/check"),
    ("POST", "/v1/try"),
    ("POST", "/v1/executions/{id}/replay"),
    ("POST", "/v1/impact"),
    ("POST", "/v1/cases/run"),
}

# For every other endpoint a body that changes something, and the acts that it leaves.
CHANGES: dict[tuple[str, str], tuple[Any, list[str]]] = {
    ("POST", "/v1/rules"): ({"name": "new", "script": SCRIPT}, ["rule.create"]),
    ("PUT", "/v1/rules"): (
        {"expected": 3, "rules": [{"name": "new", "script": SCRIPT, "order": 3}], "prune": True},
        ["rule.create", "rule.delete"],
    ),
    ("PUT", "/v1/rules/order"): ({"rules": ["RULE"]}, ["rule.order"]),
    ("PATCH", "/v1/rules/{id}"): ({"script": SCRIPT}, ["rule.change"]),
    ("DELETE", "/v1/rules/{id}"): (None, ["rule.delete"]),
    ("PUT", "/v1/rules/{id}/cases"): (
        {"cases": [{"name": VALUE, "user": {"name": VALUE}, "context": {}, "expect": {}}]},
        ["rule.cases"],
    ),
    ("PUT", "/v1/modules/{name}"): ({"script": "x = 2\n"}, ["module.put"]),
    ("DELETE", "/v1/modules/{name}"): (None, ["module.delete"]),
    ("POST", "/v1/revisions/{n}/activate"): ({}, ["revision.activate"]),
    ("PUT", "/v1/configuration/{key}"): ({"value": VALUE}, ["configuration.set"]),
    ("DELETE", "/v1/configuration/{key}"): (None, ["configuration.delete"]),
    ("PUT", "/v1/issuers/{issuer}/secrets/{id}"): ({"type": "header", "value": VALUE}, ["hook_secret.set"]),
    ("DELETE", "/v1/issuers/{issuer}/secrets/{id}"): (None, ["hook_secret.delete"]),
    ("DELETE", "/v1/executions"): (None, ["records.erase"]),
    ("PUT", "/v1/shadow"): ({}, ["shadow.start"]),
    ("DELETE", "/v1/shadow"): (None, ["shadow.end"]),
    ("PUT", "/v1/tenants/{tenant}"): (None, ["tenant.create"]),
    ("DELETE", "/v1/tenants/{tenant}"): (None, ["tenant.end"]),
    ("PATCH", "/v1/tenants/{tenant}/settings"): ({"strict_claims": True}, ["settings.change"]),
    ("POST", "/v1/tenants/{tenant}/export"): ({"passphrase": "correct horse battery"}, ["tenant.export"]),
    ("PUT", "/v1/tenants/{tenant}/import"): ("EXPORT", ["rule.delete", "tenant.import"]),
}


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("audit")) as service:
        yield service


async def audit(service: Running, query: str = "", **how: Any) -> list[dict[str, Any]]:
    response = await service.call("GET", f"/v1/audit{query}", **how)
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["entries"]
    return found


async def made(service: Running) -> tuple[str, str]:
    """A tenant with one of everything, and its rule's id."""
    tenant = await fresh.tenant(service)
    rule = await service.add("one", "pass", tenant=tenant, order=9)
    await service.authoring.put_module(tenant, "shared", "x = 1\n", by="tester")
    for path, body in (
        ("/v1/configuration/KEY", {"value": VALUE + "0"}),
        (f"/v1/issuers/hydra/secrets/{rule.id}", {"type": "header", "value": VALUE + "0"}),
        ("/v1/shadow", {}),
    ):
        assert (await service.call("PUT", path, body, tenant=tenant)).status_code == 200
    return tenant, rule.id


def named(row: Row) -> str:
    return f"{row.method} {row.path}"


CHANGING = [row for row in ROUTES if row.method != "GET" and (row.method, row.path) not in NO_CHANGE]


def test_every_endpoint_is_in_one_of_the_tables() -> None:
    assert CHANGES.keys() == {(row.method, row.path) for row in CHANGING}
    left = {act for _, acts in CHANGES.values() for act in acts}
    assert {"rule.deploy", "secret.rotate"} == ACTS.keys() - left


@pytest.mark.parametrize("row", CHANGING, ids=named)
async def test_every_change_leaves_an_entry(service: Running, row: Row) -> None:
    tenant, rule = await made(service)
    body, acts = CHANGES[row.method, row.path]
    about = f"{tenant}-new" if named(row) == "PUT /v1/tenants/{tenant}" else tenant
    path = row.path.format(id=rule, n=1, name="shared", key="KEY", issuer="hydra", tenant=about)
    path += "?user=ada" if row.path == "/v1/executions" else ""
    headers = {}
    if body == {"rules": ["RULE"]}:
        body = {"rules": [rule]}
    elif body == "EXPORT":
        body = (await service.call("GET", f"/v1/tenants/{tenant}/export")).content
        path, headers = f"{path}?replace=true", {"Content-Type": "application/x-ndjson"}
        await service.add("more", "pass", tenant=tenant)
    before = {entry["id"] for entry in await audit(service, "?tenants=all&limit=500")}
    response = await service.call(row.method, path, body, tenant=tenant, headers=headers)
    assert response.status_code in (200, 201, 204), response.text
    new = [entry for entry in await audit(service, tenant=about) if entry["id"] not in before]
    assert sorted(entry["act"] for entry in new) == acts
    for entry in new:
        assert (entry["by"], entry["tenant"]) == ("tester", about)
    assert VALUE not in str(new)
    # Again, or by somebody who may not: a change that is none leaves no entry.
    count = len(await audit(service, "?limit=500", tenant=about))
    refused = await service.call(row.method, path, body, tenant=tenant, scope="execute")
    assert refused.status_code == 403
    assert len(await audit(service, "?limit=500", tenant=about)) == count


async def test_what_is_no_change_leaves_no_entry(service: Running) -> None:
    tenant, _ = await made(service)
    before = await audit(service, tenant=tenant)
    execution = await service.execute(tenant=tenant)
    bodies: dict[str, Any] = {
        "/v1/rules/check": {"script": SCRIPT},
        "/v1/try": {"user": {}, "script": SCRIPT},
        "/v1/executions/{id}/replay": {},
        "/v1/impact": {"since": "1h", "revision": 1},
        "/v1/cases/run": {"script": SCRIPT, "cases": [{"name": "a", "user": {}, "context": {}, "expect": {}}]},
    }
    assert {path for _, path in NO_CHANGE} == {*bodies, "/v1/execute"}
    for path, body in bodies.items():
        done = await service.call("POST", path.format(id=execution["execution_id"]), body, tenant=tenant)
        assert done.status_code == 200, done.text
    for change in ({}, {"strict_claims": False}):
        await service.call("PATCH", f"/v1/tenants/{tenant}/settings", change)
    assert await audit(service, tenant=tenant) == before


async def test_an_entry(service: Running) -> None:
    tenant = await fresh.tenant(service)
    rule = await service.add("one", "pass", tenant=tenant)
    await service.call("PATCH", f"/v1/rules/{rule.id}", {"enabled": False}, tenant=tenant)
    entry = (await audit(service, tenant=tenant))[0]
    assert entry.pop("id") > (await audit(service, tenant=tenant))[1]["id"]
    assert entry.pop("at").endswith("Z")
    assert entry == {
        "tenant": tenant,
        "by": "tester",
        "act": "rule.change",
        "what": rule.id,
        "revision": 3,
        "before": {"name": "one", "enabled": True},
        "after": {"name": "one", "enabled": False},
    }


async def test_pages_and_filters(service: Running) -> None:
    tenant, rule = await made(service)
    whole = await audit(service, tenant=tenant)
    paged, cursor = [], ""
    while cursor is not None:
        page = (await service.call("GET", f"/v1/audit?limit=2{cursor}", tenant=tenant)).json()
        paged += page["entries"]
        cursor = page["cursor"] and f"&cursor={page['cursor']}"
    assert paged == whole
    assert [entry["act"] for entry in await audit(service, "?act=rule", tenant=tenant)] == ["rule.create"]
    assert len(await audit(service, "?act=configuration.set", tenant=tenant)) == 1
    assert len(await audit(service, f"?what={rule}", tenant=tenant)) == 1
    assert await audit(service, "?by=tester", tenant=tenant) == whole
    assert await audit(service, "?by=nobody%00", tenant=tenant) == []
    assert await audit(service, "?since=1h", tenant=tenant) == whole
    assert await audit(service, "?until=1h", tenant=tenant) == []
    assert await audit(service, f"?since={whole[0]['at']}&until={whole[0]['at']}", tenant=tenant)


async def test_an_ended_tenant_and_the_service_itself(service: Running) -> None:
    tenant = await fresh.tenant(service)
    await service.service.store.replace_key_check(
        service.service.keys.derive("key-check"), "claimsmith"
    )  # as at the end of a rotation
    assert (await service.call("DELETE", f"/v1/tenants/{tenant}")).status_code == 204
    acts = ["tenant.end", "tenant.create"]
    for how in ({"tenant": tenant}, {"headers": {"Claimsmith-Tenant": tenant}}):
        assert [entry["act"] for entry in await audit(service, **how)] == acts
    every = await audit(service, "?tenants=all&limit=500")
    assert [entry["act"] for entry in every if entry["tenant"] == tenant] == acts
    assert [entry["act"] for entry in every if entry["tenant"] is None] == ["secret.rotate"]
    assert tenant not in {entry["tenant"] for entry in await audit(service)}


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("?what=a&user=b", f"`user`: there is no such parameter here; known are {', '.join(FILTERS)}"),
        ("?act=rule.made", f"`act`: `rule.made` is none of {', '.join(ACTS)}"),
        ("?act=", f"`act`: `` is none of {', '.join(ACTS)}"),
        ("?tenants=acme", "`tenants`: `acme` cannot be taken: give `all`: those of every tenant, and of the service"),
        ("?tenants=None", "`tenants`: `None` cannot be taken: give `all`: those of every tenant, and of the service"),
        ("?cursor=x", "`cursor`: `x` cannot be taken: give the `cursor` that a page ended with"),
        ("?since=soon", "`since`: `soon` is no time; give one like 2026-11-18T12:00:00Z, or 24h for so long ago"),
        *(
            (f"?limit={text}", f"`limit`: `{text}` cannot be taken: give how many to a page, 1 to 500")
            for text in ("0", "501", "00000000010000", "1e1", "null", "None", "")
        ),
        ("?limit=" + "9" * 100, f"`limit`: `{'9' * 40}...` cannot be taken: give how many to a page, 1 to 500"),
    ],
)
async def test_what_cannot_be_asked(service: Running, query: str, said: str) -> None:
    response = await service.call("GET", f"/v1/audit{query}")
    assert (response.status_code, response.json()["error_description"]) == (400, said)
