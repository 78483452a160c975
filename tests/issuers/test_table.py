"""The table of docs/issuers/README.md, as the service answers: each issuer, and all that can come of a call."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest

from api.issuers.table import ISSUERS
from cli.simulation import calls_of
from tests.issuers.hooked import call, hooked
from tests.issuers.sending import ours, sent
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
    "firebase": "context.idToken.email = 'other@example.com'",
    "workos": BOTH.format("1"),
    "lemonldap": "context.idToken.authenticationLevel = 5",
}
DATED = ("signing_key", "standard_webhooks", "entra", "firebase")  # kinds of secret
END = b'"}}'
Sent = tuple[dict[str, str], bytes]
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


def spoilt(shown: dict[str, str], body: bytes) -> Sent:
    """As somebody with another secret would send it: it stands in the headers, or at the end of the body's text."""
    if not shown:
        return shown, body[: -len(END) - 20] + b"A" * 20 + END
    return {name: value[:-1] + ("0" if value[-1] != "0" else "1") for name, value in shown.items()}, body


async def row(service: Running, keys: JwksServer, issuer: str) -> list[str]:
    secret = ours(SECRETS[issuer], keys.url)
    called = msgspec.json.encode(next(iter(calls_of(ISSUERS[issuer]).values())))

    def made(ago: float = 0.0) -> Sent:
        return sent(ISSUERS[issuer], secret, called, time.time() - ago)

    async def answer(rule: str, made: Sent) -> httpx2.Response:
        shown, body = made
        tenant = await hooked(service, issuer, secrets={"key": secret}, rules=[rule])
        response = await call(service, issuer, tenant, {"content-type": "application/json", **shown}, body)
        if rule == UNSAYABLE[issuer]:
            record = await service.record(response.headers["claimsmith-execution"], tenant)
            assert record["warnings"], "it was left out without a word"
        return response

    cells = [word(await answer(rule, made())) for rule in RULES.values()]
    cells.append(word(await answer("pass", spoilt(*made()))))
    cells.append(word(await answer("pass", made(ago=700))) if secret["type"] in DATED else "-")
    cells.append(word(await answer(UNSAYABLE[issuer], made())))
    return [f"[{issuer}]({issuer}.md)", *cells]


async def test_the_table_is_what_is_answered(service: Running, keys: JwksServer) -> None:
    rows: list[Any] = [HEAD, ["---"] * len(HEAD), *[await row(service, keys, issuer) for issuer in ISSUERS]]
    table = "\n".join(f"| {' | '.join(cells)} |".replace("| --- ", "|---").replace("--- |", "---|") for cells in rows)
    print("\n" + table)
    assert table in PAGE.read_text()
