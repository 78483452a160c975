"""Native calls that are signed: who has a tenant's secret executes its rules, and does nothing else."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from standardwebhooks import Webhook

from api.issuers.signatures import MOST_SIGNATURES, read_webhook_key, sign_webhook
from api.routes import ROUTES
from api.row import Row
from tests.api import fresh
from tests.api.test_signatures import PRIVATE, PUBLIC, SECRET
from tests.service import Running, running

pytestmark = pytest.mark.anyio

OTHER = "whsec_" + "b3RoZXIt" * 6
BODY = b'{"user": {"user_id": "u1"}, "context": {"clientID": "c1"}}'


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("signed")) as service:
        yield service


@pytest.fixture
async def tenant(service: Running) -> str:
    tenant = await fresh.tenant(service)
    await service.add("one", 'context.idToken["https://example.com/a"] = user.user_id', tenant=tenant)
    await put(service, tenant, "a", SECRET)
    return tenant


async def put(service: Running, tenant: str, id: str, value: str) -> None:
    body = {"type": "standard_webhooks", "value": value}
    response = await service.call("PUT", f"/v1/issuers/native/secrets/{id}", body, tenant=tenant)
    assert response.status_code == 200, response.text


def headers(tenant: str | None, secret: str = SECRET, body: bytes = BODY, age: float = 0.0) -> dict[str, str]:
    signed = sign_webhook(read_webhook_key(secret), "msg_1", int(time.time() - age), body)
    named = {} if tenant is None else {"Claimsmith-Tenant": tenant}
    return {"Content-Type": "application/json", **named, **signed}


async def send(service: Running, sent: Any, body: bytes = BODY, path: str = "/v1/execute") -> httpx2.Response:
    return await service.client.post(path, content=body, headers=sent)


async def refused(service: Running, sent: Any, body: bytes = BODY) -> str:
    """The reason, of an answer in the one shape."""
    response = await send(service, sent, body)
    answer = response.json()
    assert (response.status_code, answer["error"], answer["problems"]) == (401, "unauthorized", []), answer
    assert response.headers["www-authenticate"].startswith("Bearer ")
    return str(answer["error_description"])


async def test_a_signed_call_executes(service: Running, tenant: str) -> None:
    response = await send(service, {**headers(tenant), "X-Request-ID": "r1"})
    assert (response.status_code, response.headers["x-request-id"]) == (200, "r1")
    assert response.json()["idToken"] == {"https://example.com/a": "u1"}
    assert (await service.record(response.json()["execution_id"], tenant))["decision"] == "allow"


async def test_what_the_library_of_standard_webhooks_signs(service: Running, tenant: str) -> None:
    now = datetime.now(UTC)
    signature = Webhook(SECRET).sign("msg_2", now, BODY.decode())
    sent = {
        "content-type": "application/json",
        "claimsmith-tenant": tenant,
        "webhook-id": "msg_2",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature,
    }
    assert (await send(service, sent)).status_code == 200


async def test_without_a_tenant_it_is_the_default_one(service: Running) -> None:
    assert "no secret is set here" in await refused(service, headers(None))
    await put(service, "default", "a", SECRET)
    try:
        assert (await send(service, headers(None))).status_code == 200
        assert (await send(service, headers("default"))).status_code == 200
    finally:
        await service.call("DELETE", "/v1/issuers/native/secrets/a")
    assert "no secret is set here" in await refused(service, headers(None))


async def test_during_a_rotation_both_secrets_are_good(service: Running, tenant: str) -> None:
    await put(service, tenant, "b", PUBLIC)
    for secret in (SECRET, PRIVATE):
        assert (await send(service, headers(tenant, secret))).status_code == 200
    await service.call("DELETE", "/v1/issuers/native/secrets/a", tenant=tenant)
    assert "made with another secret" in await refused(service, headers(tenant))
    assert (await send(service, headers(tenant, PRIVATE))).status_code == 200


async def test_calls_that_are_refused(service: Running, tenant: str) -> None:
    other = await fresh.tenant(service)
    await put(service, other, "a", OTHER)
    good = headers(tenant)
    wrong = "v1," + "A" * 43 + "="
    for sent, said in (
        (headers(tenant, OTHER), "made with another secret"),
        (headers(other), "made with another secret"),
        (headers(tenant, age=301), "too old"),
        (headers(tenant, age=-302), "too old"),
        (headers(tenant, body=BODY + b" "), "or the call was changed on the way"),
        ({**good, "webhook-id": "msg_2"}, "made with another secret"),
        ({**good, "webhook-timestamp": str(int(good["webhook-timestamp"]) - 1)}, "made with another secret"),
        ({**good, "webhook-timestamp": "9" * 5_000}, "no signature that can be read"),
        ({**good, "webhook-signature": good["webhook-signature"][:-5]}, "made with another secret"),
        ({**good, "webhook-signature": good["webhook-signature"].replace("v1", "v2")}, "made with another secret"),
        ({**good, "webhook-signature": " ".join([wrong] * 1_000)}, "no signature that can be read"),
        ({**good, "webhook-signature": ""}, "no signature that can be read"),
        ({**good, "webhook-signature": b"v1,\xff\xfe"}, "no signature that can be read"),
        ({**good, "webhook-id": b"\xff"}, "no signature that can be read"),
        ({**good, "Claimsmith-Tenant": "nobody"}, "no secret is set here"),
        ({**good, "Claimsmith-Tenant": ""}, "no secret is set here"),
        ({**good, "Claimsmith-Tenant": b"\xff\x00"}, "no secret is set here"),
        ({name: value for name, value in good.items() if name != "webhook-id"}, "no signature that can be read"),
    ):
        assert said in await refused(service, sent), sent
    for others in (1, MOST_SIGNATURES - 1):
        several = " ".join([wrong] * others + [good["webhook-signature"]])
        assert (await send(service, {**good, "webhook-signature": several})).status_code == 200


async def test_a_secret_that_goes_while_its_call_is_under_way(
    service: Running, tenant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluate = service.service.engine.evaluate

    async def meanwhile(transaction: Any) -> Any:
        execution = await evaluate(transaction)
        await put(service, tenant, "b", OTHER)
        await service.call("DELETE", "/v1/issuers/native/secrets/a", tenant=tenant)
        return execution

    monkeypatch.setattr(service.service.engine, "evaluate", meanwhile)
    assert "was deleted, or became another, before the answer" in await refused(service, headers(tenant))
    assert (await send(service, headers(tenant, OTHER))).status_code == 200


async def test_two_headers_of_one_name(service: Running, tenant: str) -> None:
    """The first of each counts, for what is signed and for what is done."""
    good = list(headers(tenant).items())
    other = await fresh.tenant(service)
    for name, value in (("webhook-signature", "v1,AAAA"), ("webhook-id", "x"), ("Claimsmith-Tenant", other)):
        assert (await send(service, [*good, (name, value)])).status_code == 200
        assert await refused(service, [(name, value), *good])


async def test_a_token_counts_where_there_is_one(service: Running, tenant: str) -> None:
    """A signature adds nothing to a token, and takes nothing from it."""
    for authorization in ("Bearer x", "", f"Bearer {SECRET}"):
        response = await send(service, {**headers(tenant), "Authorization": authorization})
        assert response.status_code == 401
    token = service.token("execute", tenant)
    sent = {**headers(None), "webhook-signature": "v1,AAAA", "Authorization": f"Bearer {token}"}
    assert (await send(service, sent)).status_code == 200


@pytest.mark.parametrize("row", [row for row in ROUTES if row.path != "/v1/execute"], ids=lambda row: row[0] + row[1])
async def test_it_is_good_for_executing_only(service: Running, tenant: str, row: Row) -> None:
    path = row.path.format(id="x", n=1, tenant=tenant, key="K", name="n", issuer="native", template="t")
    response = await service.client.request(row.method, path, content=BODY, headers=headers(tenant))
    assert (response.status_code, response.json()["error_description"]) == (401, "send `Authorization: Bearer <token>`")


async def test_bad_bodies_are_told_to_whoever_has_signed_them(service: Running, tenant: str) -> None:
    for body, status in ((b"{", 400), (b'{"user": {}, "user": {}}', 400), (b'{"other": 1}', 400), (b"", 400)):
        response = await send(service, headers(tenant, body=body), body)
        assert response.status_code == status, response.text
    response = await send(service, {**headers(tenant), "Content-Type": "text/plain"})
    assert response.status_code == 415
    large = b'{"user": "' + b"x" * 2_000_000 + b'"}'
    assert (await send(service, headers(tenant, body=large), large)).status_code == 413


async def test_nothing_is_read_where_nobody_may_call(service: Running) -> None:
    taken = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal taken
        for _ in range(100):
            taken += 1
            yield b"x" * 10_000

    response = await service.client.post("/v1/execute", content=pieces(), headers=headers("nobody"))
    assert (response.status_code, taken <= 1) == (401, True)


async def test_a_tenant_that_was_ended(service: Running, tenant: str) -> None:
    assert (await send(service, headers(tenant))).status_code == 200
    await service.call("DELETE", f"/v1/tenants/{tenant}")
    assert "no secret is set here" in await refused(service, headers(tenant))


async def test_secrets_and_signatures_are_in_no_answer_and_no_log(tmp_path: Path, capfd: Any) -> None:
    async with running(tmp_path, {"CLAIMSMITH_LOG_LEVEL": "debug"}) as service:
        await put(service, "default", "a", SECRET)
        told = [await send(service, headers(None)), await send(service, headers(None, OTHER))]
        told.append(await service.call("GET", "/v1/issuers/native/secrets"))
    shown = json.dumps([response.text for response in told]) + "".join(capfd.readouterr())
    for secret in (SECRET[6:], OTHER[6:], "v1,"):
        assert secret not in shown


async def test_a_secret_that_is_deleted_while_the_body_comes(service: Running, tenant: str) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield BODY[:5]
        response = await service.call("DELETE", "/v1/issuers/native/secrets/a", tenant=tenant)
        assert response.status_code == 204
        yield BODY[5:]

    response = await service.client.post("/v1/execute", content=pieces(), headers=headers(tenant))
    assert (response.status_code, response.json()["error"]) == (401, "unauthorized")
