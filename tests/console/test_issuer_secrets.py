"""Attacks on the form by which a secret of an issuer is deleted."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.console.visitor import Visitor
from tests.service import Running, running

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("x")) as service:
        yield service


async def test_nobody_else_deletes_one(service: Running) -> None:
    body = {"type": "header", "value": "a value of sixteen characters"}
    await service.call("PUT", "/v1/issuers/okta/secrets/one", body)
    path = "/console/t/default/issuers/okta/secrets/one/delete"
    admin, reader = Visitor(service), Visitor(service)
    await admin.sign_in()
    await reader.sign_in(service.token("rules:read"))
    for visitor, form, headers, status in (
        (admin, {}, {}, 400),
        (admin, {"csrf": await reader.csrf()}, {}, 400),
        (admin, {"csrf": await admin.csrf()}, {"Origin": "https://evil.example"}, 401),
        (reader, {"csrf": await reader.csrf()}, {}, 403),
    ):
        assert (await visitor.ask("POST", path, form=form, headers=headers)).status_code == status
    assert (await admin.ask("GET", path)).status_code == 404
    assert len((await service.call("GET", "/v1/issuers/okta/secrets")).json()["secrets"]) == 1
    gone = await admin.ask("POST", path, form={"csrf": await admin.csrf()})
    assert (gone.status_code, gone.headers["location"]) == (303, "/console/t/default/issuers/okta")
    again = await admin.ask("POST", path, form={"csrf": await admin.csrf()})
    assert again.status_code == 404
