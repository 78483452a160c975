"""The project's own cases of issuers' hooks, one folder for each issuer, through the endpoint.

A case is `{"name", "request"}` and what is expected: `status` (200 where it is not there), `answer`, and the codes of
the `warnings`. Beside that it can have `secrets` by id (else the issuer's usual one, `SECRETS`), `signed_with` (the id
of the secret that signs the request; `null`: none), `headers` on top, `settings` of the hook, `rules` (bodies), and the
moments `signed_at` and `now` in seconds. A `request` that is a text is sent as it is. In place of it there can be the
name of a `call` in `calls/`, and a `change` of that: a JSON Patch (RFC 6902).
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import jsonpatch
import pytest

from api.issuers.table import ISSUERS
from tests.issuers import entra_tokens, firebase_tokens
from tests.issuers.hooked import at, call, hooked
from tests.issuers.sending import ours, sent
from tests.jwks import JwksServer
from tests.service import Running, running

pytestmark = pytest.mark.anyio

FOLDER = Path(__file__).parent / "cases"
CALLS = Path(__file__).parent / "calls"
SECRETS: dict[str, dict[str, Any]] = {
    "hydra": {"type": "header", "value": "Bearer correct-horse-battery"},
    "supabase": {"type": "standard_webhooks", "value": "v1,whsec_c3VwYWJhc2Utc2VjcmV0LWZvci10ZXN0cw=="},
    "okta": {"type": "header", "value": "Basic b2t0YTpjb3JyZWN0LWhvcnNl"},
    "zitadel": {"type": "signing_key", "value": "zitadel-signing-key"},
    "wso2": {"type": "basic", "username": "wso2", "password": "correct-horse-battery"},
    "cognito": {"type": "bearer", "value": "correct-horse-battery"},
    "workos": {"type": "signing_key", "value": "workos-signing-key"},
    "lemonldap": {"type": "basic", "username": "portal", "password": "correct-horse-battery"},
    "entra": entra_tokens.SECRET,
    "firebase": firebase_tokens.SECRET,
}
MEMBERS = set(
    "name request call change status answer warnings secrets signed_with headers settings rules signed_at now".split()
)


def request_of(issuer: str, case: dict[str, Any]) -> bytes:
    """The body, as it is sent."""
    request = case.get("request")
    if "call" in case:
        calls = json.loads((CALLS / f"{issuer}.json").read_text())
        request = jsonpatch.apply_patch(calls[case["call"]], case.get("change", []))
    return request.encode() if isinstance(request, str) else json.dumps(request).encode()


def read(issuer: str) -> list[dict[str, Any]]:
    return [case for path in sorted((FOLDER / issuer).glob("*.json")) for case in json.loads(path.read_text())]


CASES = [(issuer, case) for issuer in ISSUERS for case in read(issuer)]


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("issuers"), {"CLAIMSMITH_RULE_MS": "100"}) as service:
        yield service


@pytest.fixture(scope="module")
def keys() -> Iterator[JwksServer]:
    """Those of tokens that a case's call brings."""
    server = JwksServer()
    yield server
    server.close()


@pytest.mark.parametrize(("issuer", "case"), CASES, ids=[f"{issuer}: {case['name']}" for issuer, case in CASES])
async def test_a_case(
    service: Running, keys: JwksServer, monkeypatch: pytest.MonkeyPatch, issuer: str, case: dict[str, Any]
) -> None:
    assert case.keys() <= MEMBERS, case.keys() - MEMBERS
    secrets = case.get("secrets", {"key": SECRETS[issuer]})
    secrets = {key: ours(one, keys.url) for key, one in secrets.items()}
    tenant = await hooked(service, issuer, secrets=secrets, rules=case.get("rules", ()), settings=case.get("settings"))
    body = request_of(issuer, case)
    headers = {"content-type": "application/json"}
    name = case.get("signed_with", next(iter(secrets), None))
    if name is not None:
        secret = secrets.get(name, SECRETS[issuer])
        shown, body = sent(ISSUERS[issuer], secret, body, case.get("signed_at", time.time()))
        headers |= shown
    at(monkeypatch, case.get("now"))
    response = await call(service, issuer, tenant, headers | case.get("headers", {}), body)
    answer = json.loads(response.content) if response.content else None
    assert (response.status_code, answer) == (case.get("status", 200), case.get("answer"))
    execution = response.headers.get("claimsmith-execution")
    warnings = [one["code"] for one in (await service.record(execution, tenant))["warnings"]] if execution else []
    assert warnings == case.get("warnings", [])


@pytest.mark.parametrize("issuer", ISSUERS)
def test_every_issuer_has_cases(issuer: str) -> None:
    assert len(read(issuer)) >= 8
