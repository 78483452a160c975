"""Tens of thousands of claims in one call take a time that grows with their number, and no faster: the process that
looks through them answers all tenants."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from api.issuers.kinds import read_secret
from api.issuers.signing import signed
from api.issuers.table import ISSUERS
from engine.capability import Listed
from tests.issuers.hooked import call, hooked
from tests.issuers.test_cases import SECRETS
from tests.service import Running, running

pytestmark = pytest.mark.anyio

CALLS = Path(__file__).parent / "calls"
LIMITS = {"CLAIMSMITH_RULE_MS": "5000", "CLAIMSMITH_EXECUTION_MS": "10000"}
MANY = 30_000


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("many"), LIMITS) as service:
        yield service


def crowded(issuer: str) -> tuple[dict[str, Any], str]:
    """A call with many claims, and the token that has them."""
    body = next(iter(json.loads((CALLS / f"{issuer}.json").read_text()).values()))
    many = dict.fromkeys((f"c{n}" for n in range(MANY)), 1)
    match issuer:
        case "hydra":
            body["session"]["extra"] = many
        case "supabase":
            body["claims"] |= many
        case "okta":
            body["data"]["access"]["claims"] |= many
        case "zitadel":  # what earlier targets have added, which alone can be changed
            body["response"] = {"append_claims": [{"key": name, "value": 1} for name in many]}
    return body, "idToken" if issuer == "zitadel" else "accessToken"


@pytest.mark.parametrize("issuer", ["hydra", "supabase", "okta", "zitadel"])
@pytest.mark.parametrize(
    "after", ["{}", "{name: 2 for name in before if name[0] != 'c'}", "dict(list(before.items())[:100])"]
)
async def test_all_claims_at_once(service: Running, issuer: str, after: str) -> None:
    body, token = crowded(issuer)
    rule = f"before = context.{token}\ncontext.{token} = {after}"
    tenant = await hooked(service, issuer, secrets={"key": SECRETS[issuer]}, rules=[rule])
    text = json.dumps(body).encode()
    secret = read_secret(msgspec.json.encode(SECRETS[issuer]))
    headers = {"content-type": "application/json", **signed(secret, ISSUERS[issuer].scheme, text, time.time())}
    began = time.monotonic()
    response = await call(service, issuer, tenant, headers, text)
    assert response.status_code in (200, 204)
    assert time.monotonic() - began < 2.0


def test_names_in_a_list() -> None:
    patterns = Listed(("role", "client_*"), patterns=True)
    assert [name in patterns for name in ("role", "roles", "client_", "client_x", "client", "client_*")] == [
        True, False, True, True, False, True
    ]  # fmt: skip
    names = Listed(("role", "client_*", "*"))
    assert [name in names for name in ("role", "client_x", "client_*", "*", "")] == [True, False, True, True, False]
    assert "x" in Listed(True)
    assert "x" not in Listed(False)
    assert "" not in Listed(())
