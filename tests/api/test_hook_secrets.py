"""Secrets of issuers: set by administrators, shown by issuers' calls, and read by nobody."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from api.hook_secrets import ACCEPTED
from api.issuers.kinds import KINDS, SIGNING
from engine.hook_secrets import MOST, MOST_COSTLY
from tests.api import fresh
from tests.jwks import JwksServer, jwk
from tests.servers import fresh_database
from tests.service import Running, running

pytestmark = pytest.mark.anyio

VALUE = "s3cr3t-value-of-an-issuer"
HEADER = {"type": "header", "value": VALUE}
WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PATH = "/v1/issuers/hydra/secrets"


@pytest.fixture(scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("secrets")) as made:
        yield made


@pytest.fixture
async def service(shared: Running) -> Running:
    """A tenant of its own."""
    return shared.within(await fresh.tenant(shared))


@pytest.fixture
def server() -> Iterator[JwksServer]:
    server = JwksServer()
    yield server
    server.close()


async def put(service: Running, path: str, body: Any, **fields: Any) -> dict[str, Any]:
    response = await service.call("PUT", path, body, **fields)
    assert response.status_code == 200, response.text
    return response.json()  # type: ignore[no-any-return]


async def passes(service: Running, value: str, tenant: str | None = None) -> bool:
    """Whether Hydra's hook lets a call with this header pass, whatever it thinks of the body."""
    headers = {"Authorization": value, "Content-Type": "application/json"}
    response = await service.client.post(f"/v1/hooks/hydra/{tenant or service.tenant}", content=b"{}", headers=headers)
    return response.status_code != 401


def test_every_issuer_accepts_kinds_that_there_are() -> None:
    assert {kind for kinds in ACCEPTED.values() for kind in kinds} == KINDS.keys()
    assert ACCEPTED["native"] == ("standard_webhooks",)


async def test_secrets_are_set_listed_and_deleted_and_never_shown(
    service: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (await service.call("GET", PATH)).json() == {
        "issuer": "hydra",
        "accepts": ["header", "cookie"],
        "secrets": [],
    }
    assert not await passes(service, VALUE)
    made = await put(service, f"{PATH}/first", HEADER)
    assert made.pop("set_at")
    assert made == {
        "issuer": "hydra",
        "id": "first",
        "type": "header",
        "set_by": "tester",
        "weak": False,
        "readable": True,
        "public_key": None,
    }
    assert (await put(service, f"{PATH}/second", {"type": "cookie", "name": "s", "value": "s3cr3t"}))["weak"]
    response = await service.call("GET", PATH)
    assert [(one["id"], one["type"], one["weak"]) for one in response.json()["secrets"]] == [
        ("first", "header", False),
        ("second", "cookie", True),
    ]
    assert await passes(service, VALUE)
    await put(service, f"{PATH}/first", {**HEADER, "value": VALUE + "2"})
    assert not await passes(service, VALUE)
    assert await passes(service, VALUE + "2")
    assert (await service.call("DELETE", f"{PATH}/first")).status_code == 204
    assert not await passes(service, VALUE + "2")
    gone = await service.call("DELETE", f"{PATH}/first")
    assert (gone.status_code, gone.json()["error_description"]) == (404, "secret `first` does not exist")
    said = capsys.readouterr()
    for shown in (response.text, str(made), said.out, said.err):
        assert "s3cr3t" not in shown
    assert said.out.count("a secret of an issuer was set") == 3
    assert said.out.count("a secret of an issuer was deleted") == 1


async def test_tenants_do_not_share_secrets(service: Running) -> None:
    one, other = await fresh.tenant(service), await fresh.tenant(service)
    await put(service, f"{PATH}/a", HEADER, tenant=one)
    await put(service, f"{PATH}/b", {**HEADER, "value": "another"}, headers={"Claimsmith-Tenant": other})
    assert await passes(service, VALUE, one)
    assert not await passes(service, VALUE, other)
    assert await passes(service, "another", other)
    assert not await passes(service, "another", one)
    assert (await service.call("DELETE", f"{PATH}/a", tenant=other)).status_code == 404
    listed = (await service.call("GET", PATH, tenant=other)).json()["secrets"]
    assert [secret["id"] for secret in listed] == ["b"]
    await service.call("DELETE", f"/v1/tenants/{one}")
    assert not await passes(service, VALUE, one)
    await service.call("PUT", f"/v1/tenants/{one}")
    assert not await passes(service, VALUE, one)
    assert (await service.call("GET", PATH, tenant=one)).json()["secrets"] == []


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        ("nobody/secrets/a", HEADER, 404, "there is no issuer `nobody`; there are native, hydra, supabase"),
        ("HYDRA/secrets/a", HEADER, 404, "there is no issuer `HYDRA`"),
        ("hydra/secrets/a%20b", HEADER, 422, "`a b` is no id of a secret"),
        ("hydra/secrets/" + "x" * 65, HEADER, 422, "is no id of a secret"),
        ("hydra/secrets/a", {"type": "bearer", "value": VALUE}, 422, "of the type `bearer`, but `header` or `cookie`"),
        ("hydra/secrets/a", {"type": "other", "value": VALUE}, 422, "of the type `other`, but `header` or `cookie`"),
        ("okta/secrets/a", {"type": "entra"}, 422, "`okta` cannot show a secret of the type `entra`"),
        (
            "native/secrets/a",
            HEADER,
            422,
            "of the type `header`, but `standard_webhooks`",
        ),
        ("hydra/secrets/a", {"value": VALUE}, 400, "missing required field `type`"),
        ("hydra/secrets/a", {"type": "header"}, 400, "missing required field `value`"),
        ("hydra/secrets/a", {**HEADER, "value": ""}, 400, "`value` is empty"),
        (
            "hydra/secrets/a",
            {**HEADER, "value": "s3cr3t\n"},
            400,
            "`value` has a control character",
        ),
        ("hydra/secrets/a", {**HEADER, "value": "s3cr3t" * 1000}, 400, "`value` is longer than 1024 characters"),
        ("supabase/secrets/a", {"type": "standard_webhooks", "value": "whsec_s3cr3t!"}, 400, "is not base64"),
        (
            "okta/secrets/a",
            {"type": "jwt", "jwks_url": "http://s3cr3t.example.com", "issuers": ["i"], "audience": "a"},
            400,
            "`jwks_url`: keys fetched over http can be replaced on the way; use https",
        ),
    ],
)
async def test_secrets_that_cannot_be_set(service: Running, path: str, body: Any, status: int, said: str) -> None:
    response = await service.call("PUT", f"/v1/issuers/{path}", body)
    assert response.status_code == status, response.text
    assert said in response.json()["error_description"]
    assert "s3cr3t" not in response.text
    assert service.service.hook_secrets.live(service.tenant, "hydra") == {}


async def test_there_are_so_many_secrets(service: Running) -> None:
    for n in range(MOST):
        await put(service, f"{PATH}/s{n}", {**HEADER, "value": f"value-{n}"})
    response = await service.call("PUT", f"{PATH}/one-more", HEADER)
    assert response.status_code == 422
    said = "this issuer has 20 secrets already: delete one that is not used any more"
    assert response.json()["error_description"] == said
    assert await passes(service, "value-19")
    assert not await passes(service, VALUE)


@pytest.mark.parametrize("issuer", [name for name, kinds in ACCEPTED.items() if SIGNING.intersection(kinds)])
async def test_of_secrets_that_sign_there_are_few(service: Running, issuer: str) -> None:
    kind = next(kind for kind in ACCEPTED[issuer] if kind in SIGNING)
    for n in range(MOST_COSTLY):
        await put(service, f"/v1/issuers/{issuer}/secrets/s{n}", {"type": kind, "value": WHSEC})
    body = {"type": kind, "value": WHSEC}
    response = await service.call("PUT", f"/v1/issuers/{issuer}/secrets/one-more", body)
    assert response.status_code == 422
    assert response.json()["error_description"].startswith("this issuer has 4 secrets already that sign")
    await put(service, f"/v1/issuers/{issuer}/secrets/s0", body)


async def test_unknown_issuers_and_tenants(service: Running) -> None:
    for method, path in (("GET", ""), ("DELETE", "/a")):
        response = await service.call(method, f"/v1/issuers/nobody/secrets{path}")
        assert (response.status_code, response.json()["error"]) == (404, "not_found")
        response = await service.call(method, PATH + path, headers={"Claimsmith-Tenant": "nobody"})
        assert (response.status_code, response.json()["error_description"]) == (404, "tenant `nobody` does not exist")
    response = await service.call("PUT", f"{PATH}/a", HEADER, headers={"Claimsmith-Tenant": "nobody"})
    assert response.status_code == 404


async def test_a_change_through_another_replica_is_live_within_a_second(tmp_path: Path, postgres_url: str) -> None:
    with fresh_database(postgres_url) as url:
        environ = {"DATABASE_URL": url, "CLAIMSMITH_SECRET": "a-secret-that-both-replicas-have-in-common"}
        async with running(tmp_path / "a", environ) as one, running(tmp_path / "b", environ) as two:
            await put(one, f"{PATH}/a", HEADER)
            await until(lambda: two.service.hook_secrets.live("default", "hydra").keys() == {"a"})
            assert await passes(two, VALUE)
            await two.call("DELETE", f"{PATH}/a")
            await until(lambda: not one.service.hook_secrets.live("default", "hydra"))
            assert not await passes(one, VALUE)


async def until(met: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not met():
            await asyncio.sleep(0.01)


def changed(data: Path, statement: str) -> None:
    with sqlite3.connect(data / "claimsmith.db") as connection:
        connection.execute(statement)
    connection.close()


async def test_without_the_database_known_secrets_are_good(tmp_path: Path) -> None:
    async with running(tmp_path) as service:
        await put(service, f"{PATH}/a", HEADER)
        await passes(service, VALUE)
        changed(tmp_path, "ALTER TABLE hook_secrets RENAME TO elsewhere")
        changed(tmp_path, "ALTER TABLE tenants RENAME TO nowhere")
        try:
            await until(lambda: not service.service.live.database_available)
            assert await passes(service, VALUE)
            assert not await passes(service, "another")
        finally:
            changed(tmp_path, "ALTER TABLE nowhere RENAME TO tenants")
            changed(tmp_path, "ALTER TABLE elsewhere RENAME TO hook_secrets")


async def test_after_a_rotation_and_beside_a_row_that_was_changed(tmp_path: Path) -> None:
    old, new = "the-old-secret-of-this-service-123456", "the-new-secret-of-this-service-123456"
    async with running(tmp_path, {"CLAIMSMITH_SECRET": old}) as service:
        await put(service, f"{PATH}/a", HEADER)
        await put(service, f"{PATH}/b", {**HEADER, "value": "another"})
    database = (tmp_path / "claimsmith.db").read_bytes()
    assert b"s3cr3t" not in database
    async with running(tmp_path, {"CLAIMSMITH_SECRET": new, "CLAIMSMITH_SECRET_PREVIOUS": old}) as service:
        assert await passes(service, VALUE)
    changed(tmp_path, "UPDATE hook_secrets SET sealed = x'00' WHERE id = 'b'")
    async with running(tmp_path, {"CLAIMSMITH_SECRET": new}) as service:
        assert await passes(service, VALUE)
        assert not await passes(service, "another")
        listed = (await service.call("GET", PATH)).json()["secrets"]
        assert [(one["id"], one["readable"]) for one in listed] == [("a", True), ("b", False)]
        await put(service, f"{PATH}/b", {**HEADER, "value": "another"})
        assert await passes(service, "another")


async def test_keys_are_fetched_when_a_secret_is_set_and_at_a_start(tmp_path: Path, server: JwksServer) -> None:
    token = {"type": "jwt", "jwks_url": server.url, "issuers": ["https://id.example.com/"], "audience": "a"}
    environ = {"CLAIMSMITH_SECRET": "a-secret-of-this-service-1234567890"}
    async with running(tmp_path, environ) as service:
        await put(service, "/v1/issuers/okta/secrets/a", token)
        await until(lambda: server.asked == 1)
        await put(service, "/v1/issuers/okta/secrets/b", token)
        await put(service, "/v1/issuers/wso2/secrets/a", token)
        await put(service, f"{PATH}/a", HEADER)
        assert server.asked == 1
    server.document = {"keys": [jwk("rsa")]}
    async with running(tmp_path, environ) as service:
        await until(lambda: server.asked == 2)
        assert list(service.service.key_sets._sets) == [server.url]
        for path in ("okta/secrets/a", "okta/secrets/b", "wso2/secrets/a"):
            assert (await service.call("DELETE", f"/v1/issuers/{path}")).status_code == 204
        assert service.service.key_sets._sets == {}
