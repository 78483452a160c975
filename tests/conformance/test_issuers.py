"""Other people's cases of issuers' hooks, through the endpoint: read from the folder that `CONFORMANCE_CASES` names."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest

from tests.issuers.hooked import at, call, hooked, rule_of
from tests.jwks import JwksServer, private
from tests.service import Running, running

FOLDER = os.environ.get("CONFORMANCE_CASES")
FILE = Path(FOLDER or "/nowhere") / "issuers.json"
PUBLISHED: list[dict[str, Any]] = json.loads(FILE.read_text()) if FILE.exists() else []
NAMES = {"ory-hydra": "hydra", "aws-cognito": "cognito"}  # theirs and ours

NOT_RUN = "the published cases of issuers did not run: CONFORMANCE_CASES names no folder with them"
pytestmark = [pytest.mark.anyio, pytest.mark.skipif(not PUBLISHED, reason=NOT_RUN)]


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("published-issuers"), {"CLAIMSMITH_RULE_MS": "100"}) as service:
        yield service


@pytest.fixture(scope="module")
def keys() -> Iterator[JwksServer]:
    server = JwksServer()
    yield server
    server.close()


def secrets_of(issuer: str, config: dict[str, Any], keys: JwksServer) -> dict[str, dict[str, Any]]:
    """The case's configuration as our kinds of secret."""
    if "auth" in config:
        given = dict(config["auth"])
        kind = given.pop("in", None) or given.pop("type")
        return {"key": {"type": kind, **given}}
    if "signing_key" in config or "secret" in config:
        return {"key": {"type": "signing_key", "value": config.get("signing_key") or config["secret"]}}
    if "secrets" in config:
        return {f"key-{n}": {"type": "standard_webhooks", "value": text} for n, text in enumerate(config["secrets"])}
    if "bearer" in config:
        return {"key": {"type": "bearer", "value": config["bearer"]}}
    if "required_caller" in config:
        entra = {"tenant_id": config["tenant_id"], "audience": config["audience"], "jwks_url": keys.url}
        return {"key": {"type": "entra", **entra}}
    return {"key": {"type": "header", "name": config["header"], "value": config["value"]}}


def headers_of(case: dict[str, Any]) -> dict[str, str]:
    headers: dict[str, str] = dict(case["request_headers"])
    if "bearer_claims" in case["config"]:
        claims = case["config"]["bearer_claims"] | {"exp": 4_000_000_000, "iat": 1_700_000_000}
        headers["Authorization"] = "Bearer " + jwt.encode(claims, private("rsa"), "RS256", {"kid": "rsa"})
    return headers


@pytest.mark.parametrize("case", PUBLISHED, ids=[f"{case['issuer']}: {case['name'][:50]}" for case in PUBLISHED])
async def test_a_published_case(
    service: Running, keys: JwksServer, monkeypatch: pytest.MonkeyPatch, case: dict[str, Any]
) -> None:
    issuer, config = NAMES.get(case["issuer"], case["issuer"]), case.get("config", {})
    secrets = secrets_of(issuer, config, keys)
    tenant = await hooked(service, issuer, secrets=secrets, rules=[rule_of(case["rule_effect"])])
    at(monkeypatch, config["now_ms"] / 1000 if "now_ms" in config else config.get("now"))
    body = case.get("raw_body", case["request_body"])
    response = await call(service, issuer, tenant, headers_of(case), body)
    assert response.status_code == case["expected_response_status"], response.text
    expected = case["expected_response_body"]
    assert (json.loads(response.content) if response.content else None) == expected
    for name, value in case.get("expected_response_headers", {}).items():
        assert response.headers[name].startswith(value)
