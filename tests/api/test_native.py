"""`GET /v1/issuers` of native calls: what an operator sees who has no hook at all, after real calls."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jwt
import pytest

from api.hook_calls import REFUSED
from engine.last_calls import EVERY
from sandbox.pool import Busy
from tests.api import fresh
from tests.api.test_signatures import SECRET
from tests.api.test_signed import BODY, OTHER, headers, put, send
from tests.jwks import JwksServer, private
from tests.servers import fresh_database
from tests.service import Running, running

pytestmark = pytest.mark.anyio

RULE = 'context.idToken["https://example.com/a"] = "1"'


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("native")) as service:
        yield service


async def shown(service: Running, tenant: str) -> dict[str, Any]:
    response = await service.call("GET", "/v1/issuers", scope="rules:read", tenant=tenant)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()["native"]
    return found


async def last(service: Running, tenant: str) -> tuple[str | None, str | None]:
    found = (await shown(service, tenant))["last_call"]
    if not found:
        return None, None
    assert found["text"] == (None if found["error"] is None else REFUSED[found["error"]])
    return found["ended"], found["error"]


async def asked(service: Running, tenant: str, body: Any = BODY, *, scope: str = "execute", **sent: str) -> int:
    return (await service.call("POST", "/v1/execute", body, scope=scope, tenant=tenant, headers=sent)).status_code


def expired(service: Running, claims: dict[str, Any]) -> str:
    return jwt.encode(
        {"scope": "execute", "exp": int(time.time()) - 60, **claims}, service.service.keys.derive("caller-tokens")
    )


async def bearer(service: Running, token: str | None) -> int:
    sent = {"Content-Type": "application/json"} | ({} if token is None else {"Authorization": f"Bearer {token}"})
    return (await send(service, sent)).status_code


async def test_a_login_with_a_token(service: Running) -> None:
    tenant = await fresh.tenant(service)
    row = await shown(service, tenant)
    assert row == {
        "name": "native",
        "path": "/v1/execute",
        "accepts": ["standard_webhooks"],
        "secrets": 0,
        "last_call": None,
        "last_answered": None,
    }
    began = datetime.now(UTC)
    await service.add("one", RULE, tenant=tenant)
    assert await asked(service, tenant) == 200
    row = await shown(service, tenant)
    assert row["last_call"] == {"at": row["last_answered"], "ended": "answered", "error": None, "text": None}
    assert began <= datetime.fromisoformat(row["last_answered"]) <= datetime.now(UTC)
    other = await fresh.tenant(service)
    assert await last(service, other) == (None, None)
    everything = (await service.call("GET", "/v1/issuers", tenant=tenant)).json()
    assert [one["last_call"] for one in everything["issuers"]] == [None] * len(everything["issuers"])


async def test_a_signed_login_and_a_strangers(service: Running) -> None:
    tenant = await fresh.tenant(service)
    assert (await send(service, headers(tenant))).status_code == 401
    assert await last(service, tenant) == ("refused", "no_secret")
    await put(service, tenant, "a", SECRET)
    assert (await send(service, headers(tenant))).status_code == 200
    assert await last(service, tenant) == ("answered", None)
    assert (await shown(service, tenant))["secrets"] == 1
    answered = (await shown(service, tenant))["last_answered"]
    good = headers(tenant)
    for sent, error in (
        (headers(tenant, OTHER), "signature"),
        (headers(tenant, age=301), "stale"),
        ({**good, "webhook-id": ""}, "unsigned"),
        ({**good, "Content-Type": "text/plain"}, "unreadable"),
    ):
        assert (await send(service, sent)).status_code in (401, 415)
        assert await last(service, tenant) == ("refused", error)
    assert (await send(service, headers(tenant, body=b"{"), b"{")).status_code == 400
    assert await last(service, tenant) == ("refused", "invalid")
    assert (await shown(service, tenant))["last_answered"] == answered


async def test_what_a_signed_call_without_a_tenant_is_about(service: Running) -> None:
    await shown(service, "default")  # so that it is known here, within the first second
    assert (await send(service, headers(None, OTHER))).status_code == 401
    assert await last(service, "default") == ("refused", "no_secret")


async def test_a_secret_that_goes_while_its_call_is_under_way(
    service: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = await fresh.tenant(service)
    await put(service, tenant, "a", SECRET)
    evaluate = service.service.engine.evaluate

    async def meanwhile(transaction: Any) -> Any:
        execution = await evaluate(transaction)
        await service.call("DELETE", "/v1/issuers/native/secrets/a", tenant=tenant)
        return execution

    monkeypatch.setattr(service.service.engine, "evaluate", meanwhile)
    assert (await send(service, headers(tenant))).status_code == 401
    assert await last(service, tenant) == ("refused", "deleted")


async def test_each_way_to_be_refused_with_a_token(service: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    tenant = await fresh.tenant(service)
    other = await fresh.tenant(service)
    for body in (b"{", b'{"other": 1}', b'{"user": {}, "user": {}}', b'{"context": {"idToken": 1}}'):
        assert await asked(service, tenant, body) == 400
        assert await last(service, tenant) == ("refused", "invalid")
    assert await asked(service, tenant) == 200
    assert await asked(service, tenant, scope="rules:read") == 403
    assert await last(service, tenant) == ("refused", "insufficient_scope")
    assert await asked(service, tenant) == 200
    assert await asked(service, tenant, **{"Claimsmith-Tenant": other}) == 403
    assert await last(service, tenant) == ("refused", "insufficient_scope")
    assert await last(service, other) == (None, None)

    async def busy(*args: Any, **named: Any) -> None:
        raise Busy("too many")

    async def broken(*args: Any, **named: Any) -> None:
        raise RuntimeError("a fault")

    for fault, status, error in ((busy, 503, "unavailable"), (broken, 500, "failed")):
        monkeypatch.setattr(service.service.engine, "evaluate", fault)
        assert await asked(service, tenant) == status
        assert await last(service, tenant) == ("refused", error)
    monkeypatch.undo()
    # Whoever acts on another tenant makes its calls.
    assert await asked(service, tenant, scope="admin", **{"Claimsmith-Tenant": other}) == 200
    assert await last(service, other) == ("answered", None)
    assert await asked(service, tenant, b"{", scope="admin", **{"Claimsmith-Tenant": other}) == 400
    assert await last(service, other) == ("refused", "invalid")
    assert await last(service, tenant) == ("refused", "failed")


async def test_a_denial_is_an_answer_and_a_failure_is_none(service: Running) -> None:
    denying = await fresh.tenant(service)
    await service.add("one", "raise UnauthorizedError('no')", tenant=denying)
    assert await asked(service, denying) == 200
    assert await last(service, denying) == ("answered", None)
    failing = await fresh.tenant(service)
    await service.add("one", "raise ValueError('x')", tenant=failing)
    assert await asked(service, failing) == 200
    assert await last(service, failing) == ("refused", "failed")


async def test_a_token_that_has_expired(service: Running) -> None:
    tenant = await fresh.tenant(service)
    assert await bearer(service, expired(service, {"tenant": tenant})) == 401
    assert await last(service, tenant) == ("refused", "expired")


async def test_a_token_of_nobody_is_of_no_tenant(service: Running) -> None:
    """Whoever makes one up chooses no tenant by it."""
    tenant = await fresh.tenant(service)
    forged = jwt.encode({"tenant": tenant, "scope": "execute", "exp": int(time.time()) - 60}, "x" * 40)
    known = dict(service.service.last_calls._own)
    unsigned = ".".join(part for part in expired(service, {"tenant": tenant}).split(".")[:2]) + "."
    nobodys = [expired(service, {"tenant": "nobody"}), expired(service, {"tenant": 1}), expired(service, {})]
    for token in (None, "x", forged, unsigned, *nobodys):
        assert await bearer(service, token) == 401
    assert await last(service, tenant) == (None, None)
    assert service.service.last_calls._own == known


async def test_tenants_that_do_not_exist_are_not_remembered(service: Running) -> None:
    known = service.service.last_calls._own.keys() | {"default"}
    for number in range(20):
        assert (await send(service, headers(f"nobody{number}"))).status_code == 401
        assert await asked(service, f"nobody{number}") == 404
    assert service.service.last_calls._own.keys() <= known


async def test_an_expired_token_of_another_issuer(tmp_path: Path) -> None:
    """Of the tenant that it names, or of the one that is set for such tokens."""
    keys = JwksServer()
    environ = {
        "CLAIMSMITH_JWKS_URL": keys.url,
        "CLAIMSMITH_JWKS_ISSUER": "https://id.example.com",
        "CLAIMSMITH_JWKS_AUDIENCE": "claimsmith",
        "CLAIMSMITH_JWKS_TENANT": "default",
    }
    try:
        async with running(tmp_path, environ) as service:
            tenant = await fresh.tenant(service)
            claims = {"iss": "https://id.example.com", "aud": "claimsmith", "exp": int(time.time()) - 60}
            for whose, more in ((tenant, {"tenant": tenant}), ("default", {})):
                await shown(service, whose)  # so that it is known here, within the first second
                payload = claims | {"scope": "execute"} | more
                token = jwt.encode(payload, private("rsa"), "RS256", headers={"kid": "rsa"})
                assert await bearer(service, token) == 401
                assert await last(service, whose) == ("refused", "expired")
    finally:
        keys.close()


async def test_a_caller_that_asks_too_often(tmp_path: Path) -> None:
    async with running(tmp_path, {"CLAIMSMITH_CALLS_PER_SECOND": "1"}) as service:
        tenant = await fresh.tenant(service)
        assert [await asked(service, tenant) for _ in range(4)][-1] == 429
        token = service.token("rules:read", tenant, subject="somebody else")
        answer = await service.call("GET", "/v1/issuers", headers={"Authorization": f"Bearer {token}"})
        assert answer.json()["native"]["last_call"]["error"] == "too_many_requests"


async def test_replicas_tell_each_other(tmp_path: Path, postgres_url: str, redis_server: str) -> None:
    with fresh_database(postgres_url) as database:
        environ = {"DATABASE_URL": database, "REDIS_URL": redis_server, "CLAIMSMITH_SECRET": "s" * 40}
        async with running(tmp_path / "one", environ) as one, running(tmp_path / "two", environ) as two:
            tenant = await fresh.tenant(one)
            end = time.monotonic() + EVERY + 10
            while await asked(two, tenant) == 404:
                assert time.monotonic() < end
                await asyncio.sleep(0.05)
            while await last(one, tenant) != ("answered", None):
                assert time.monotonic() < end
                await asyncio.sleep(0.05)
