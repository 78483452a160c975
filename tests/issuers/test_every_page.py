"""The page of each issuer: its rules run for that issuer's calls, its secrets can be set, its commands exist."""

from __future__ import annotations

import json
import re
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from api.issuers.kinds import Entra, read_secret
from api.issuers.signing import signed
from api.issuers.table import ISSUERS
from cli.simulation import calls_of
from engine.models import Conditions
from tests.issuers import entra_tokens
from tests.issuers.hooked import call, hooked
from tests.issuers.test_cases import SECRETS
from tests.jwks import JwksServer
from tests.service import Running, running

pytestmark = pytest.mark.anyio

FOLDER = Path(__file__).parent.parent.parent / "docs" / "issuers"
PAGES = {name: path.read_text() for name in ISSUERS if (path := FOLDER / f"{name}.md").exists()}
# What stands for a value of one's own.
PLACEHOLDERS = {"whsec_...": "whsec_" + "c2VjcmV0" * 4, "...": "a-secret-of-sixteen-and-more", "APP_ID": "the-app"}


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("pages")) as service:
        yield service


@pytest.fixture(scope="module")
def keys() -> Iterator[JwksServer]:
    server = JwksServer()
    yield server
    server.close()


def rules(page: str) -> list[str]:
    return [block for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "def rule" in block]


@pytest.mark.parametrize("name", PAGES)
async def test_its_rules_run_for_every_call(service: Running, keys: JwksServer, name: str) -> None:
    issuer, plain = ISSUERS[name], SECRETS[name] | ({"jwks_url": keys.url} if name == "entra" else {})
    secret = read_secret(msgspec.json.encode(plain))
    assert rules(PAGES[name])
    for script in rules(PAGES[name]):
        tenant = await hooked(service, name, secrets={"key": plain})
        conditions = Conditions(without_user="if user" in script)
        await service.add("r", "", script=script, tenant=tenant, conditions=conditions)
        for what, asked in calls_of(issuer).items():
            body = msgspec.json.encode(asked)
            own = entra_tokens.bearer(_token_for(asked)) if isinstance(secret, Entra) else None
            headers = own or signed(secret, issuer.scheme, body, time.time())
            response = await call(service, name, tenant, {"content-type": "application/json", **headers}, body)
            assert response.status_code < 300, (what, response.text)
            record = await service.record(response.headers["claimsmith-execution"], tenant)
            assert [step["outcome"] for step in record["steps"]] in (["passed"], ["skipped"], ["denied"], []), what


def _token_for(asked: Any) -> str:
    assert asked["data"]["tenantId"] == entra_tokens.DIRECTORY
    return entra_tokens.token()


@pytest.mark.parametrize("name", PAGES)
def test_its_secrets_can_be_set(name: str) -> None:
    found = re.findall(rf"/v1/issuers/{name}/secrets/\S+ .*?(?:-d|--json) '(.*?)'", PAGES[name], re.DOTALL)
    assert found
    for text in found:
        plain = {field: PLACEHOLDERS.get(value, value) for field, value in json.loads(text).items()}
        assert plain["type"] in ISSUERS[name].secrets
        read_secret(msgspec.json.encode(plain))


@pytest.mark.parametrize("name", PAGES)
def test_its_commands_exist(name: str) -> None:
    commands = re.findall(r"claimsmith simulate (\S+)(.*)", PAGES[name])
    assert commands
    for issuer, rest in commands:
        assert issuer == name
        for wanted in re.findall(r"--call (\S+)", rest):
            assert wanted in calls_of(ISSUERS[name])
