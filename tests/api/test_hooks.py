"""What holds for every issuer's hook, whatever it speaks: it is answered in its own words, and in time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import msgspec
import pytest

import api.hooks
from api.issuers.issuer import Refusal
from api.issuers.kinds import read_secret
from api.issuers.secrets import REASONS
from api.issuers.signing import signed
from api.issuers.table import ISSUERS
from cli.simulation import calls_of
from sandbox.pool import Busy
from tests.issuers.hooked import hooked
from tests.issuers.sending import OF_TOKENS
from tests.issuers.test_cases import SECRETS
from tests.service import Running, running

pytestmark = pytest.mark.anyio

EXECUTION = "claimsmith-execution"
WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
# Those of the others are in tests/issuers/test_entra.py and test_firebase.py.
KNOWN = [name for name in ISSUERS if SECRETS[name]["type"] not in OF_TOKENS]
CLAIM = "context.idToken['https://example.com/a'] = '1'\ncontext.accessToken['https://example.com/a'] = '1'"


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    settings = {"CLAIMSMITH_RULE_MS": "5000", "CLAIMSMITH_EXECUTION_MS": "20000"}
    async with running(tmp_path_factory.mktemp("hooks"), settings) as service:
        yield service


async def ready(service: Running, issuer: str, *rules: str, **settings: Any) -> str:
    return await hooked(service, issuer, secrets={"key": SECRETS[issuer]}, rules=rules, settings=settings)


def headers_for(issuer: str, body: bytes) -> dict[str, str]:
    secret = read_secret(msgspec.json.encode(SECRETS[issuer]))
    return {"content-type": "application/json", **signed(secret, ISSUERS[issuer].scheme, body, time.time())}


async def ask(service: Running, issuer: str, tenant: str, body: bytes | None = None, **headers: str) -> httpx2.Response:
    if body is None:
        body = msgspec.json.encode(next(iter(calls_of(ISSUERS[issuer]).values())))
    path = f"/v1/hooks/{issuer}/{tenant}"
    return await service.client.post(path, content=body, headers=headers_for(issuer, body) | headers)


# What says to each issuer that it is to issue no token, for the reasons that are ours: status, and a text in the body.
REFUSED = {
    "hydra": (422, '"error":"server_error"', '"error":"temporarily_unavailable"', '"error":"invalid_request"'),
    "supabase": (200, '"http_code":500', '"http_code":503', '"http_code":400'),
    "okta": (200, '"errorSummary"', '"errorSummary"', '"errorSummary"'),
    "zitadel": (500, '"error":"server_error"', '"error":"temporarily_unavailable"', '"error":"invalid_request"'),
    "wso2": (500, '"actionStatus":"ERROR"', '"actionStatus":"ERROR"', '"actionStatus":"ERROR"'),
    "cognito": (500, '"errorMessage"', '"errorMessage"', '"errorMessage"'),
    "workos": (200, '"verdict":"Deny"', '"verdict":"Deny"', '"verdict":"Deny"'),
    "lemonldap": (500, '"error":"server_error"', '"error":"temporarily_unavailable"', '"error":"invalid_request"'),
}


@pytest.mark.parametrize("issuer", KNOWN)
async def test_a_rule_that_fails(service: Running, issuer: str) -> None:
    tenant = await ready(service, issuer, "raise ValueError('secret detail')")
    response = await ask(service, issuer, tenant)
    assert response.status_code == REFUSED[issuer][0]
    assert REFUSED[issuer][1] in response.text
    assert "rule execution failed" in response.text
    assert "secret detail" not in response.text
    record = await service.record(response.headers["claimsmith-execution"], tenant)
    assert "secret detail" in record["steps"][0]["error"]["message"]


@pytest.mark.parametrize("issuer", KNOWN)
async def test_nothing_can_be_decided(service: Running, monkeypatch: pytest.MonkeyPatch, issuer: str) -> None:
    tenant = await ready(service, issuer, CLAIM)

    async def busy(*args: Any, **named: Any) -> None:
        raise Busy("too many")

    monkeypatch.setattr(service.service.engine, "evaluate", busy)
    response = await ask(service, issuer, tenant)
    assert REFUSED[issuer][2] in response.text
    assert response.status_code not in (502, 504, 429)
    assert "claimsmith-execution" not in response.headers


@pytest.mark.parametrize("issuer", KNOWN)
@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"{}", b'{"a": 1, "a": 2}', b"[" * 200 + b"]" * 200, b"\xff", b'"x"', b"null"]
)
async def test_a_call_that_is_known_and_not_understood(service: Running, issuer: str, body: bytes) -> None:
    tenant = await ready(service, issuer, CLAIM)
    response = await ask(service, issuer, tenant, body)
    assert REFUSED[issuer][3] in response.text, response.text
    assert 200 <= response.status_code < 500
    assert "claimsmith-execution" not in response.headers


@pytest.mark.parametrize("issuer", KNOWN)
async def test_an_error_of_ours(service: Running, monkeypatch: pytest.MonkeyPatch, issuer: str) -> None:
    tenant = await ready(service, issuer, CLAIM)

    def broken(*args: Any) -> None:
        raise RuntimeError("internal detail")

    row = msgspec.structs.replace(ISSUERS[issuer], allow=broken)
    monkeypatch.setitem(ISSUERS, issuer, row)
    response = await ask(service, issuer, tenant)
    assert response.status_code == REFUSED[issuer][0]
    assert REFUSED[issuer][1] in response.text
    assert "internal detail" not in response.text


@pytest.mark.parametrize("issuer", ISSUERS)
async def test_nobody_may_call_without_a_secret(service: Running, issuer: str) -> None:
    tenant = await hooked(service, issuer, secrets={}, rules=[CLAIM])
    body = msgspec.json.encode(next(iter(calls_of(ISSUERS[issuer]).values())))
    for whose in (tenant, "no-such-tenant"):
        headers = headers_for(issuer, body) if issuer in KNOWN else {"authorization": "Bearer a.b.c"}
        response = await service.client.post(f"/v1/hooks/{issuer}/{whose}", content=body, headers=headers)
        assert response.status_code == 401
        assert "claimsmith-execution" not in response.headers


@pytest.mark.parametrize("issuer", KNOWN)
async def test_a_secret_is_of_one_tenant_and_issuer(service: Running, issuer: str) -> None:
    tenant = await ready(service, issuer, CLAIM)
    other = await hooked(service, issuer, secrets={}, rules=[CLAIM])
    assert (await ask(service, issuer, tenant)).status_code in (200, 204)
    assert (await ask(service, issuer, other)).status_code == 401
    await service.call("DELETE", f"/v1/issuers/{issuer}/secrets/key", tenant=tenant)
    assert (await ask(service, issuer, tenant)).status_code == 401


@pytest.mark.parametrize("path", ["okta/UPPER", "keycloak/default", "okta", "okta/a/b", "native/default"])
async def test_there_is_no_such_hook(service: Running, path: str) -> None:
    response = await service.client.post(f"/v1/hooks/{path}", json={})
    assert (response.status_code, response.json()["error"]) == (404, "not_found")
    assert (await service.client.get("/v1/hooks/okta/default")).status_code == 405


@pytest.mark.parametrize("issuer", ["okta", "hydra", "wso2"])
@pytest.mark.parametrize("kind", ["large", "text", "gzip"])
async def test_one_that_is_known_by_its_headers_is_told_so_whatever_its_body(
    service: Running, issuer: str, kind: str
) -> None:
    """Else an issuer that fails open would issue the token for a body that is too large."""
    tenant = await ready(service, issuer, CLAIM)
    body = b'{"a":"' + b"x" * 2_000_000 + b'"}' if kind == "large" else b"{}"
    more = {"text": {"content-type": "text/plain"}, "gzip": {"content-encoding": "gzip"}}.get(kind, {})
    response = await ask(service, issuer, tenant, body, **more)
    assert REFUSED[issuer][3] in response.text
    assert response.status_code in (200, 400)


async def test_the_answer_comes_before_the_issuer_stops_waiting(service: Running) -> None:
    tenant = await ready(service, "okta", "while True: pass", deadline_ms=2000)
    began = time.monotonic()
    response = await ask(service, "okta", tenant)
    assert 1.0 < time.monotonic() - began < 2.0
    assert response.json() == {"error": {"errorSummary": "rule execution failed"}}


async def test_a_body_that_does_not_come(service: Running) -> None:
    tenant = await ready(service, "okta", CLAIM, deadline_ms=400)

    async def slow() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(5)
        yield b"}"

    began = time.monotonic()
    path = f"/v1/hooks/okta/{tenant}"
    async with asyncio.timeout(10):
        response = await service.client.post(path, content=slow(), headers=headers_for("okta", b""))
    assert response.json()["error"]["errorSummary"] == "the rules cannot be run just now"
    assert time.monotonic() - began < 6  # this client sends all of its body before it reads


async def test_a_call_that_cannot_be_decided_in_time_is_told_so(
    service: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = await ready(service, "okta", CLAIM, deadline_ms=2000)

    async def hanging(*args: Any, **named: Any) -> None:
        await asyncio.sleep(30)

    monkeypatch.setattr(service.service.engine, "evaluate", hanging)
    began = time.monotonic()
    response = await ask(service, "okta", tenant)
    assert time.monotonic() - began < 2.0
    assert response.json()["error"]["errorSummary"] == "the rules cannot be run just now"


MEANWHILE: dict[str, tuple[tuple[str, str, bool], ...]] = {
    # What is done while the rules run: to which id, and whether with the same value.
    "deleted": (("DELETE", "key", True),),
    "replaced": (("PUT", "key", False),),
    "set again": (("PUT", "key", True),),
    "another set beside it": (("PUT", "other", False),),
    "moved": (("PUT", "other", True), ("DELETE", "key", True)),
    "deleted beside another": (("PUT", "other", False), ("DELETE", "key", True)),
}
STAYS_GOOD = ("set again", "another set beside it", "moved")


@pytest.mark.parametrize("issuer", KNOWN)
@pytest.mark.parametrize("what", MEANWHILE)
async def test_a_secret_that_goes_while_its_call_is_under_way(
    service: Running, monkeypatch: pytest.MonkeyPatch, issuer: str, what: str
) -> None:
    tenant = await ready(service, issuer, CLAIM)
    evaluate = service.service.engine.evaluate

    async def meanwhile(transaction: Any) -> Any:
        execution = await evaluate(transaction)
        for method, name, same in MEANWHILE[what]:
            member = next(one for one in ("value", "password") if one in SECRETS[issuer])
            value = WHSEC if issuer in ("supabase", "native") else "another-value-of-a-secret"
            body = SECRETS[issuer] if same else {**SECRETS[issuer], member: value}
            path = f"/v1/issuers/{issuer}/secrets/{name}"
            response = await service.call(method, path, None if method == "DELETE" else body, tenant=tenant)
            assert response.status_code < 300, response.text
        return execution

    monkeypatch.setattr(service.service.engine, "evaluate", meanwhile)
    response = await ask(service, issuer, tenant)
    if what in STAYS_GOOD:
        assert "claimsmith-execution" in response.headers
        return
    refused = ISSUERS[issuer].refuse(Refusal(cause="unauthenticated", text=REASONS["deleted"]))
    assert (response.status_code, response.json()) == (refused.status, refused.body)
    assert "claimsmith-execution" not in response.headers
    assert "https://example.com/a" not in response.text
    issuers = (await service.call("GET", "/v1/issuers", tenant=tenant)).json()["issuers"]
    assert [one["last_call"]["error"] for one in issuers if one["name"] == issuer] == ["deleted"]


async def test_logins_that_are_cut_off_leave_no_worker_and_no_place_taken(
    service: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where this machine is so busy that a rule's end comes after the issuer's patience."""
    monkeypatch.setattr(api.hooks, "TO_ANSWER", -0.5)
    tenant = await ready(service, "okta", "while True: pass", deadline_ms=400)
    await ask(service, "okta", tenant)  # its rule is compiled now
    responses = await asyncio.gather(*(ask(service, "okta", tenant) for _ in range(40)))
    said = {(response.json()["error"]["errorSummary"], EXECUTION in response.headers) for response in responses}
    assert said == {("the rules cannot be run just now", False), ("rule execution failed", True)}
    pool, began = service.service.pool, time.monotonic()
    while pool.busy or pool.waiting:
        assert time.monotonic() - began < 5, (pool.busy, pool.waiting)
        await asyncio.sleep(0.02)
    assert (await service.execute())["decision"] == "allow"


@pytest.mark.parametrize("issuer", KNOWN)
@pytest.mark.parametrize(
    "wish", ["context.redirect = {'url': 'https://x.example/'}", "context.multifactor = {'provider': 'any'}"]
)
async def test_no_issuer_can_be_asked_for_a_page_or_a_second_factor(service: Running, issuer: str, wish: str) -> None:
    tenant = await ready(service, issuer, wish)
    response = await ask(service, issuer, tenant)
    record = await service.record(response.headers["claimsmith-execution"], tenant)
    assert (record["decision"], record["denial"]["error"]) == ("deny", "interaction_required")
    assert "which is not possible here" in response.text


@pytest.mark.parametrize("issuer", KNOWN)
async def test_a_rule_sees_the_whole_call(service: Running, issuer: str) -> None:
    tenant = await ready(service, issuer, "print(context.issuer.name, len(context.issuer.request))")
    body = next(iter(calls_of(ISSUERS[issuer]).values()))
    response = await ask(service, issuer, tenant)
    record = await service.record(response.headers["claimsmith-execution"], tenant)
    assert record["steps"][0]["logs"][0]["text"] == f"{issuer} {len(body)}"
    assert record["issuer"] == issuer
    assert record["transaction"]["context"]["issuer"]["name"] == issuer
    again = await service.call("POST", f"/v1/executions/{record['execution_id']}/replay", {}, tenant=tenant)
    assert again.json()["identical"] is True, again.json()["differences"]


async def test_calls_are_counted_and_named(service: Running) -> None:
    tenant = await ready(service, "hydra", CLAIM)
    before = dict(service.service.metrics.hooks)
    body = msgspec.json.encode(calls_of(ISSUERS["hydra"])["refresh"])
    response = await ask(service, "hydra", tenant, body, **{"x-request-id": "r-1"})
    assert response.headers["x-request-id"] == "r-1"
    await ask(service, "hydra", tenant, b"{}")
    await ask(service, "hydra", tenant, body, authorization="Bearer nobody")
    counted = {outcome: count - before.get((name, outcome), 0)
               for (name, outcome), count in service.service.metrics.hooks.items() if name == "hydra"}  # fmt: skip
    assert {name: count for name, count in counted.items() if count} == {
        "allow": 1, "invalid": 1, "unauthenticated": 1,
    }  # fmt: skip
    shown = (await service.call("GET", "/metrics")).text
    assert 'claimsmith_hooks_total{issuer="hydra",outcome="allow"}' in shown


async def test_settings_of_hooks_are_those_of_known_issuers(service: Running) -> None:
    tenant = await ready(service, "okta", CLAIM)
    path = f"/v1/tenants/{tenant}/settings"
    changed = await service.call("PATCH", path, {"hooks": {"okta": {"deadline_ms": 500}}})
    assert changed.json()["hooks"] == {"okta": {"deadline_ms": 500}}
    wrongs: list[Any] = [
        {"keycloak": {}},
        {"okta": {"deadline_ms": 49}},
        {"okta": {"version": "4"}},
        {"okta": {"x": 1}},
    ]
    for wrong in wrongs:
        response = await service.call("PATCH", path, {"hooks": wrong})
        assert (response.status_code, response.json()["error"]) == (400, "invalid_request"), wrong
    assert (await service.call("PATCH", path, {"hooks": {"okta": None}})).json()["hooks"] == {}
