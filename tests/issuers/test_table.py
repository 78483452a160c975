"""The table of docs/issuers/README.md, as the service answers: each issuer, and all that can come of a call."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest

from api.issuers.kinds import Entra, SigningKey, StandardWebhooks, read_secret
from api.issuers.signing import signed
from api.issuers.table import ISSUERS
from cli.simulation import calls_of
from tests.issuers import entra_tokens
from tests.issuers.hooked import call, hooked
from tests.issuers.test_cases import SECRETS
from tests.jwks import JwksServer
from tests.service import Running, running

pytestmark = pytest.mark.anyio

PAGE = Path(__file__).parents[2] / "docs" / "issuers" / "README.md"
BOTH = "context.idToken['https://example.com/a'] = {0}\ncontext.accessToken['https://example.com/a'] = {0}"
RULES = {
    "claims set": BOTH.format("'1'"),
    "denied": "raise UnauthorizedError('no')",
    "crashed": "raise ValueError('x')",
    "timed out": "while True: pass",
}
# A value of each issuer that it has no words for; WorkOS has none for any claim.
UNSAYABLE = {
    "hydra": "context.idToken.rat = 1",
    "supabase": "context.accessToken.email = 5",
    "okta": "context.idToken.groups = ['a']",
    "zitadel": "context.idToken.email = 'other@example.com'",
    "entra": BOTH.format("{'a': 1}"),
    "wso2": BOTH.format("{'a': 1}"),
    "cognito": "context.idToken.token_use = 'x'",
    "workos": BOTH.format("1"),
    "lemonldap": "context.idToken.authenticationLevel = 5",
}
HEAD = ("issuer", *RULES, "another secret", "an old signature", "a value it cannot carry")


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("table"), {"CLAIMSMITH_RULE_MS": "100"}) as service:
        yield service


@pytest.fixture(scope="module")
def keys() -> Iterator[JwksServer]:
    server = JwksServer()
    yield server
    server.close()


def word(response: httpx2.Response) -> str:
    """The status, and the member of the body that says what it is."""
    if not response.content:
        return str(response.status_code)
    body = response.json()
    named = body.get("actionStatus") or (body.get("payload") or {}).get("verdict")
    named = named or next((one for one in ("data", "response", "errorMessage") if one in body), next(iter(body), "{}"))
    return f"{response.status_code} `{named}`"


async def row(service: Running, keys: JwksServer, issuer: str) -> list[str]:
    plain = SECRETS[issuer] | ({"jwks_url": keys.url} if issuer == "entra" else {})
    secret, scheme = read_secret(msgspec.json.encode(plain)), ISSUERS[issuer].scheme
    body = msgspec.json.encode(next(iter(calls_of(ISSUERS[issuer]).values())))

    def headers(ago: float = 0.0) -> dict[str, str]:
        if isinstance(secret, Entra):
            return entra_tokens.bearer(entra_tokens.token(exp=int(time.time() - ago) + 300))
        return signed(secret, scheme, body, time.time() - ago)

    async def answer(rule: str, given: dict[str, str]) -> httpx2.Response:
        tenant = await hooked(service, issuer, secrets={"key": plain}, rules=[rule])
        response = await call(service, issuer, tenant, {"content-type": "application/json", **given}, body)
        if rule == UNSAYABLE[issuer]:
            record = await service.record(response.headers["claimsmith-execution"], tenant)
            assert record["warnings"], "it was left out without a word"
        return response

    wrong = {name: value[:-1] + ("0" if value[-1] != "0" else "1") for name, value in headers().items()}
    cells = [word(await answer(rule, headers())) for rule in RULES.values()]
    cells.append(word(await answer("pass", wrong)))
    dated = isinstance(secret, SigningKey | StandardWebhooks | Entra)
    cells.append(word(await answer("pass", headers(ago=700))) if dated else "-")
    cells.append(word(await answer(UNSAYABLE[issuer], headers())))
    return [f"[{issuer}]({issuer}.md)", *cells]


async def test_the_table_is_what_is_answered(service: Running, keys: JwksServer) -> None:
    rows: list[Any] = [HEAD, ["---"] * len(HEAD), *[await row(service, keys, issuer) for issuer in ISSUERS]]
    table = "\n".join(f"| {' | '.join(cells)} |".replace("| --- ", "|---").replace("--- |", "---|") for cells in rows)
    print("\n" + table)
    assert table in PAGE.read_text()
