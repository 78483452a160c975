"""What operators ask, and what any address answers to any method."""

from __future__ import annotations

import platform
import re
from collections.abc import AsyncIterator

import pytest

from sandbox.layers import ESSENTIAL, LAYERS
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


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_healthz(service: Running) -> None:
    response = await service.client.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


async def test_readyz(service: Running) -> None:
    response = await service.client.get("/readyz")
    assert (response.status_code, response.json()) == (200, {"ready": True, "degraded": []})
    for token in (service.token("execute"), service.token("admin")):
        response = await service.client.get("/readyz", headers=bearer(token))
        shown = response.json()
        assert response.status_code == 200
        assert shown.keys() == {"ready", "degraded", "confinement", "engine", "redis", "workers", "records"}
        assert (shown["redis"], shown["records"]["dropped"]) == ("switched off", 0)
        assert list(shown["confinement"]) == [layer.name for layer in LAYERS]
        assert {shown["confinement"][name] for name in ESSENTIAL} == {"active"}
    for headers in (bearer("x"), bearer("a.b.c"), {"Authorization": "Basic x"}, {"Authorization": ""}):
        response = await service.client.get("/readyz", headers=headers)
        assert (response.status_code, response.json().keys()) == (401, {"error", "error_description", "problems"})


async def metrics(service: Running) -> dict[str, float]:
    response = await service.call("GET", "/metrics", scope="execute")
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = [line for line in response.text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


async def test_metrics(service: Running, tenant: str) -> None:
    for headers in ({}, bearer("x")):
        assert (await service.client.get("/metrics", headers=headers)).status_code == 401
    before = await metrics(service)
    await service.add("one", "context.idToken.n = 1", tenant=tenant)
    await service.add("two", "if user.get('bad'):\n    raise UnauthorizedError('no')", tenant=tenant)
    for n in range(5):
        await service.execute({"user_id": "u", "bad": n == 0}, tenant=tenant)
    after = await metrics(service)
    moved = {name: after[name] - before[name] for name in before if after[name] != before[name]}
    expected = {
        'claimsmith_executions_total{decision="allow"}': 4.0,
        'claimsmith_executions_total{decision="deny"}': 1.0,
        'claimsmith_steps_total{outcome="passed"}': 9.0,
        'claimsmith_steps_total{outcome="denied"}': 1.0,
        'claimsmith_compiled_rules_total{source="compiled"}': 2.0,
        'claimsmith_compiled_rules_total{source="memory"}': 10.0,
        "claimsmith_execution_seconds_count": 5.0,
    }
    assert {name: moved.get(name) for name in expected} == expected


async def test_names_of_rules_are_for_who_may_see_all_tenants(service: Running, tenant: str) -> None:
    await service.add("fine", "pass", tenant=tenant)
    await service.add("broken", "user.nothing.more", tenant=tenant, on_failure="skip")
    for _ in range(3):
        await service.execute(tenant=tenant)
    labels = f'{{rule="broken",tenant="{tenant}"}}'
    for scope, named in (("execute", False), ("executions:read rules:read", False), ("metrics", True), ("admin", True)):
        text = (await service.call("GET", "/metrics", scope=scope)).text
        assert (f"claimsmith_rule_failures_total{labels} 3.0" in text) is named
        assert (tenant in text) is named
    seconds = float(text.split(f"claimsmith_rule_run_seconds_total{labels} ")[1].split()[0])
    assert 0 < seconds < 3


async def test_what_is_tried_or_replayed_is_no_login(service: Running, tenant: str) -> None:
    await service.add("denies", "raise UnauthorizedError('no')", tenant=tenant)
    execution = (await service.execute(tenant=tenant))["execution_id"]
    before = await metrics(service)
    assert (await service.call("POST", "/v1/try", {"user": {"user_id": "u"}}, tenant=tenant)).status_code == 200
    assert (await service.call("POST", f"/v1/executions/{execution}/replay", {}, tenant=tenant)).status_code == 200
    after = await metrics(service)
    of_logins = [name for name in before if re.match(r"claimsmith_(executions_total|steps|denials|rule_|exec)", name)]
    assert len(of_logins) > 30
    assert {name: after[name] for name in of_logins} == {name: before[name] for name in of_logins}
    await service.execute(tenant=tenant)
    moved = {name for name, value in (await metrics(service)).items() if value == after.get(name, 0) + 1}
    assert {
        'claimsmith_denials_total{error="unauthorized"}',
        "claimsmith_rule_seconds_count",
        "claimsmith_wait_seconds_count",
        'claimsmith_executions_total{decision="deny"}',
    } <= moved


async def test_refused_requests_are_counted_by_status(service: Running, tenant: str) -> None:
    before = await metrics(service)
    await service.client.post("/v1/execute", json={})
    await service.call("POST", "/v1/execute", b"{", tenant=tenant)
    await service.call("POST", "/v1/execute", b'{"user":"x"}', tenant=tenant)
    after = await metrics(service)
    for status, count in ((401, 1), (400, 2)):
        name = f'claimsmith_refused_requests_total{{status="{status}"}}'
        assert after[name] - before.get(name, 0) == count


async def test_what_does_not_work_is_a_figure(service: Running) -> None:
    live = service.service.live
    assert (await metrics(service))['claimsmith_degraded{part="database"}'] == 0
    live.database_available = False
    shown = await metrics(service)
    live.database_available = True
    assert shown['claimsmith_degraded{part="database"}'] == 1
    assert shown['claimsmith_degraded{part="confinement"}'] == 0
    assert shown["claimsmith_ready"] == 1
    (build,) = [name for name in shown if name.startswith("claimsmith_build_info")]
    assert f'python="{platform.python_version()}"' in build
    assert service.service.pool.hello is not None
    assert f'policy="{service.service.pool.hello.policy}"' in build


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("POST", "/healthz", "GET, HEAD"),
        ("DELETE", "/metrics", "GET, HEAD"),
        ("GET", "/v1/execute", "POST"),
        ("HEAD", "/v1/execute", "POST"),
        ("POST", "/v1/rules/order", "PUT"),
        ("PUT", "/v1/rules/x", "DELETE, GET, HEAD, PATCH"),
        ("OPTIONS", "/v1/rules", "GET, HEAD, POST, PUT"),
        ("BREW", "/v1/tenants/x", "DELETE, GET, HEAD, PUT"),
    ],
)
async def test_another_method(service: Running, method: str, path: str, allow: str) -> None:
    response = await service.client.request(method, path)
    assert response.status_code == 405
    assert sorted(response.headers["allow"].split(", ")) == allow.split(", ")
    if method != "HEAD":
        assert response.json() == {
            "error": "method_not_allowed",
            "error_description": "this address does not take that method",
            "problems": [],
        }


@pytest.mark.parametrize(
    "path",
    ["/", "/v1", "/v2/execute", "/v1/rules/a/b", "/v1/execute/", "//v1/rules", "/v1/rules/", "/%ff", "/screens"],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_another_path(service: Running, method: str, path: str) -> None:
    for headers in ({}, bearer("x"), bearer(service.token())):
        response = await service.client.request(method, f"http://claimsmith{path}", headers=headers)
        assert (response.status_code, response.json()) == (
            404,
            {"error": "not_found", "error_description": "there is no such thing here", "problems": []},
        )


async def test_head(service: Running, tenant: str) -> None:
    rule = await service.add("r", "pass", tenant=tenant)
    for path in ("/healthz", "/readyz", "/v1/rules", f"/v1/rules/{rule.id}", "/metrics"):
        response = await service.call("HEAD", path, tenant=tenant)
        assert response.status_code == 200
    assert (await service.client.head("/v1/rules")).status_code == 401
