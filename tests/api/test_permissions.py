"""Who may do what, for every endpoint of the table: no token, a bad one, each scope, another tenant's things."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from api.callers import SCOPES
from api.routes import OPEN_ROUTES, ROUTES
from api.row import Row
from tests.api import fresh
from tests.service import Running, running

pytestmark = pytest.mark.anyio

HEADER = b'{"type":"header","value":"a value of sixteen characters"}'
SCRIPT = "def rule(user, context):\n    pass\n"

# A good body for each endpoint that takes one. "RULE" is the rule's id, "EXPORT" the tenant's export.
BODIES: dict[tuple[str, str], Any] = {
    ("POST", "/v1/execute"): {"user": {"user_id": "u1"}},
    ("POST", "/v1/rules"): {"name": "new", "script": SCRIPT, "deploy": False},
    ("PUT", "/v1/rules"): {"expected": 2, "rules": []},
    ("PUT", "/v1/rules/order"): {"rules": ["RULE"]},
    ("POST", "/v1/rules/check"): {"script": SCRIPT},
    ("PATCH", "/v1/rules/{id}"): {"enabled": True, "deploy": False},
    ("POST", "/v1/revisions/{n}/activate"): {},
    ("POST", "/v1/try"): {"user": {"user_id": "u1"}},
    ("PUT", "/v1/rules/{id}/cases"): {"cases": []},
    ("POST", "/v1/cases/run"): {"script": SCRIPT, "cases": []},
    ("PUT", "/v1/configuration/{key}"): {"value": "a value"},
    ("PUT", "/v1/modules/{name}"): {"script": "x = 1"},
    ("PUT", "/v1/issuers/{issuer}/secrets/{id}"): {"type": "header", "value": "a value of sixteen characters"},
    ("PUT", "/v1/shadow"): {},
    ("POST", "/v1/impact"): {"since": "1s", "revision": 1},
    ("PATCH", "/v1/tenants/{tenant}/settings"): {},
    ("POST", "/v1/tenants/{tenant}/export"): {"passphrase": "correct horse battery"},
    ("PUT", "/v1/tenants/{tenant}/import"): "EXPORT",
}

QUERIES = {
    ("DELETE", "/v1/executions"): "?user=nobody",
    ("GET", "/v1/executions/{id}/why"): "?claim=a",
    ("GET", "/v1/executions/{id}/case"): "?rule=one",
    ("PUT", "/v1/tenants/{tenant}/import"): "?replace=true",
}

LINES = {"Content-Type": "application/x-ndjson"}

# What the scope of the table does not say: a live rule leaves the pipeline with `rules:deploy` only.
ALSO = {("DELETE", "/v1/rules/{id}"): "rules:deploy"}

# Who may call what, written down a second time: a scope that changes by accident fails here.
NEEDED = {
    "execute": ["POST /v1/execute"],
    "rules:read": [
        "GET /v1/issuers",
        "GET /v1/modules",
        "GET /v1/modules/{name}",
        "GET /v1/modules/{name}/versions",
        "GET /v1/modules/{name}/versions/{n}",
        "GET /v1/revisions",
        "GET /v1/revisions/{n}",
        "GET /v1/rules",
        "GET /v1/rules/{id}",
        "GET /v1/rules/{id}/cases",
        "GET /v1/rules/{id}/versions",
        "GET /v1/rules/{id}/versions/{n}",
        "GET /v1/templates",
        "GET /v1/templates/{template}",
    ],
    "rules:write": [
        "DELETE /v1/rules/{id}",
        "PATCH /v1/rules/{id}",
        "POST /v1/cases/run",
        "POST /v1/rules",
        "POST /v1/rules/check",
        "POST /v1/try",
        "PUT /v1/rules/{id}/cases",
    ],
    "rules:deploy": [
        "DELETE /v1/modules/{name}",
        "DELETE /v1/shadow",
        "POST /v1/revisions/{n}/activate",
        "PUT /v1/modules/{name}",
        "PUT /v1/rules",
        "PUT /v1/rules/order",
        "PUT /v1/shadow",
    ],
    "configuration:write": [
        "DELETE /v1/configuration/{key}",
        "GET /v1/configuration",
        "PUT /v1/configuration/{key}",
    ],
    "executions:read": [
        "GET /v1/executions",
        "GET /v1/executions/tail",
        "GET /v1/executions/{id}",
        "GET /v1/executions/{id}/why",
        "GET /v1/shadow",
        "GET /v1/traffic",
    ],
    "executions:erase": ["DELETE /v1/executions"],
    "replay": [
        "GET /v1/executions/{id}/case",
        "GET /v1/executions/{id}/timeline",
        "POST /v1/executions/{id}/replay",
        "POST /v1/impact",
    ],
    "admin": [
        "DELETE /v1/issuers/{issuer}/secrets/{id}",
        "DELETE /v1/tenants/{tenant}",
        "GET /v1/audit",
        "GET /v1/issuers/{issuer}/secrets",
        "GET /v1/tenants",
        "GET /v1/tenants/{tenant}",
        "GET /v1/tenants/{tenant}/export",
        "GET /v1/tenants/{tenant}/settings",
        "PATCH /v1/tenants/{tenant}/settings",
        "POST /v1/tenants/{tenant}/export",
        "PUT /v1/issuers/{issuer}/secrets/{id}",
        "PUT /v1/tenants/{tenant}",
        "PUT /v1/tenants/{tenant}/import",
    ],
    None: ["GET /metrics", "GET /v1/caller"],
}


class Things:
    """A tenant with one rule and one execution."""

    def __init__(self, tenant: str, rule: str, execution: str, export: bytes = b"") -> None:
        self.tenant, self.rule, self.execution, self.export = tenant, rule, execution, export

    def path(self, row: Row) -> str:
        thing = self.execution if "executions" in row.path else self.rule
        query = QUERIES.get((row.method, row.path), "")
        number = "2" if "revisions" in row.path else "1"
        return (
            row.path.replace("{id}", thing)
            .replace("{n}", number)
            .replace("{tenant}", self.tenant)
            .replace("{key}", "KEY")
            .replace("{issuer}", "hydra")
            .replace("{name}", "shared")
            .replace("{template}", "slack")
            + query
        )

    def body(self, row: Row) -> Any:
        body = BODIES.get((row.method, row.path))
        if body == "EXPORT":
            return self.export
        return {"rules": [self.rule]} if body == {"rules": ["RULE"]} else body


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("permissions")) as service:
        service.service.stopping.set()  # an answer that would go on and on ends at once
        yield service


@pytest.fixture
async def things(service: Running) -> Things:
    return await made(service)


async def made(service: Running) -> Things:
    tenant = await fresh.tenant(service)
    rule = await service.add("one", "pass", tenant=tenant)
    execution = await service.execute(tenant=tenant)
    await service.call("PUT", "/v1/shadow", {}, tenant=tenant)
    export = await service.call("GET", f"/v1/tenants/{tenant}/export")
    return Things(tenant, rule.id, execution["execution_id"], export.content)


async def there_again(service: Running, things: Things, row: Row) -> None:
    """What a call before has deleted."""
    if row.path == "/v1/configuration/{key}":
        await service.service.configurations.put(things.tenant, "KEY", "a value", by="tester")
    if row.path == "/v1/issuers/{issuer}/secrets/{id}":
        await service.service.hook_secrets.put(things.tenant, "hydra", things.rule, "header", HEADER, by="tester")
    if "{name}" in row.path:
        await service.authoring.put_module(things.tenant, "shared", "x = 1", by="tester")


def named(row: Row) -> str:
    return f"{row.method} {row.path}"


def test_the_table() -> None:
    assert {
        scope: sorted(named(row) for row in ROUTES if row.scope == scope) for scope in {row.scope for row in ROUTES}
    } == NEEDED
    assert [row.path for row in OPEN_ROUTES] == ["/healthz", "/readyz", "/openapi.json", "/docs"]


@pytest.mark.parametrize("row", ROUTES, ids=named)
async def test_who_may(service: Running, things: Things, row: Row) -> None:
    path, body = things.path(row), things.body(row)
    lines = LINES if isinstance(body, bytes) else {}
    for authorization in (None, "Bearer x", "Bearer a.b.c", "Basic eDp5", "Bearer " + "x" * 20_000):
        headers = {} if authorization is None else {"Authorization": authorization}
        sent = {"content": body} if isinstance(body, bytes) else {"json": body}
        response = await service.client.request(row.method, path, **sent, headers=headers)
        assert (response.status_code, response.json().keys()) == (401, {"error", "error_description", "problems"})
        assert response.headers["www-authenticate"].startswith("Bearer ")
    for scope in SCOPES:
        if scope == "admin":
            continue
        await there_again(service, things, row)
        response = await service.call(row.method, path, body, scope=scope, tenant=things.tenant, headers=lines)
        allowed = row.scope in (None, scope) and (row.method, row.path) not in ALSO
        if allowed:
            assert response.status_code in (200, 201, 204), (scope, response.text)
        else:
            needed = ALSO[row.method, row.path] if row.scope == scope else row.scope
            text = f"this needs the scope `{needed}`"
            assert (response.status_code, response.json()) == (
                403,
                {"error": "insufficient_scope", "error_description": text, "problems": []},
            ), scope
    # What was refused has changed nothing; what was allowed is not a deletion, or it is the administrator's.
    if row.path == "/v1/rules" and row.method == "POST":
        body = {**body, "name": "another"}
    await there_again(service, things, row)
    response = await service.call(row.method, path, body, tenant=things.tenant, headers=lines)
    assert response.status_code in (200, 201, 204), response.text


# Administrators' own are in `test_hook_secrets`: nobody else comes as far as to be told that nothing is there.
FOUND = [row for row in ROUTES if ("{id}" in row.path or "{n}" in row.path) and row.scope != "admin"]


@pytest.mark.parametrize("row", FOUND, ids=named)
async def test_things_of_another_tenant_are_not_there(service: Running, things: Things, row: Row) -> None:
    other = await fresh.tenant(service)
    path, body = things.path(row), things.body(row)
    for scope in ("admin", " ".join(name for name in SCOPES if name != "admin")):
        foreign = await service.call(row.method, path, body, scope=scope, tenant=other)
        assert (foreign.status_code, foreign.json()["error"]) == (404, "not_found"), foreign.text
    # It says no more than for something that never was.
    never = Things(things.tenant, "rul_never", "never").path(row)
    missing = await service.call(row.method, never, body, tenant=other)
    said = foreign.json()["error_description"].replace(things.rule, "rul_never").replace(things.execution, "never")
    assert (missing.status_code, missing.json()["error_description"]) == (404, said)
    await there_again(service, things, row)
    own = await service.call(row.method, path, body, tenant=things.tenant)
    assert own.status_code in (200, 204)


@pytest.mark.parametrize("row", [row for row in ROUTES if row.scope not in (None, "admin")], ids=named)
async def test_the_header_of_administrators(service: Running, things: Things, row: Row) -> None:
    headers = {"Claimsmith-Tenant": things.tenant}
    path, body = things.path(row), things.body(row)
    everything = " ".join(scope for scope in SCOPES if scope != "admin")
    other = await service.call(row.method, path, body, scope=everything, headers=headers)
    assert (other.status_code, other.json()["error_description"]) == (403, "this needs the scope `admin`")
    await there_again(service, things, row)
    admin = await service.call(row.method, path, body, headers=headers)
    assert admin.status_code in (200, 201, 204), admin.text


# About nothing that is a tenant's.
NO_TENANTS = ("/v1/rules/check", "/v1/templates", "/v1/templates/{template}")


async def test_a_token_of_a_tenant_that_does_not_exist(service: Running, things: Things) -> None:
    for row in ROUTES:
        if row.scope in (None, "admin") or row.path in NO_TENANTS:
            continue
        response = await service.call(row.method, things.path(row), things.body(row), tenant="nobody")
        assert (response.status_code, response.json()["error"]) == (404, "not_found"), named(row)
