"""Who calls Entra ID's hook, by the tokens of its calls; and that it is answered within the second that it waits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx2
import pytest

from api.issuers.kinds import ENTRA_CALLER
from api.issuers.table import ISSUERS
from cli.simulation import calls_of
from engine.models import Revision
from tests.issuers.entra_tokens import AUDIENCE, DIRECTORY, FIRST_ISSUER, ISSUER, SECRET, bearer, token
from tests.issuers.hooked import call, hooked
from tests.jwks import JwksServer, handmade, jwk, public_pem
from tests.service import Running, running

pytestmark = pytest.mark.anyio

(CALL,) = calls_of(ISSUERS["entra"]).values()
CLAIMS = {"iss": ISSUER, "aud": AUDIENCE, "azp": ENTRA_CALLER, "exp": 4_000_000_000}
WAITS = 1.0  # seconds, as long as Entra's default


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("entra"), {"CLAIMSMITH_RULE_MS": "100"}) as service:
        yield service


@pytest.fixture
def keys() -> Iterator[JwksServer]:
    server = JwksServer()
    yield server
    server.close()


async def hook(service: Running, keys: JwksServer, **changed: Any) -> str:
    secrets = {"key": SECRET | {"jwks_url": keys.url} | changed}
    return await hooked(service, "entra", secrets=secrets, rules=["context.idToken.x = 'y'"])


async def fetched(keys: JwksServer, times: int = 1) -> None:
    async with asyncio.timeout(5):
        while keys.asked < times:
            await asyncio.sleep(0.01)


async def asked(service: Running, tenant: str, text: str | None = None) -> httpx2.Response:
    return await sent(service, tenant, text, CALL)


async def sent(service: Running, tenant: str, text: str | None, body: Any) -> httpx2.Response:
    headers = {"content-type": "application/json", **bearer(text)}
    return await call(service, "entra", tenant, headers, body)


def passed(response: httpx2.Response) -> bool:
    if response.status_code == 200:
        assert response.json()["data"]["actions"][0]["claims"] == {"x": "y"}
        return True
    body = {"error": "unauthorized", "error_description": "the token of the call is not accepted"}
    assert (response.status_code, response.json()) == (401, body)
    assert "claimsmith-execution" not in response.headers
    return False


GOOD: dict[str, dict[str, Any]] = {
    "version 2": {},
    "version 1": {"iss": FIRST_ISSUER, "azp": ..., "appid": ENTRA_CALLER, "ver": "1.0"},
    "several audiences": {"aud": ["another", AUDIENCE]},
    "without a beginning": {"nbf": ..., "iat": ...},
}


async def test_tokens_of_entra(service: Running, keys: JwksServer) -> None:
    tenant = await hook(service, keys)
    for claims in GOOD.values():
        assert passed(await asked(service, tenant, token(**claims)))
    # by another clock, which is three seconds behind
    assert passed(await asked(service, tenant, token(exp=int(time.time()) - 3)))


async def test_tokens_for_external_tenants(service: Running, keys: JwksServer) -> None:
    outside = f"https://contoso.ciamlogin.com/{DIRECTORY}/v2.0"
    assert passed(await asked(service, await hook(service, keys, domain="contoso"), token(iss=outside)))
    assert not passed(await asked(service, await hook(service, keys), token(iss=outside)))
    assert not passed(await asked(service, await hook(service, keys, domain="fabrikam"), token(iss=outside)))


# Made when they are tried, so that none is merely too old.
WRONG: dict[str, Callable[[], str]] = {
    "nothing": lambda: "",
    "garbage": lambda: "garbage",
    "no audience": lambda: token(aud=...),
    "another audience": lambda: token(aud="api://another"),
    "no issuer": lambda: token(iss=...),
    "another directory": lambda: token(
        iss="https://login.microsoftonline.com/bbbbbbbb-0000-cccc-1111-dddd2222eeee/v2.0"
    ),
    "any directory": lambda: token(iss="https://login.microsoftonline.com/common/v2.0"),
    "somebody who looks like Entra": lambda: token(
        iss=f"https://login.microsoftonline.com.evil.example/{DIRECTORY}/v2.0"
    ),
    "an external tenant that is not set": lambda: token(iss=f"https://evil.ciamlogin.com/{DIRECTORY}/v2.0"),
    "no caller": lambda: token(azp=...),
    "another application of the directory": lambda: token(azp="00001111-aaaa-2222-bbbb-3333cccc4444"),
    "another application, version 1": lambda: token(
        iss=FIRST_ISSUER, azp=..., appid="00001111-aaaa-2222-bbbb-3333cccc4444"
    ),
    "two callers": lambda: token(appid="00001111-aaaa-2222-bbbb-3333cccc4444"),
    "a person's token": lambda: token(azp=..., oid="55556666", scp="CustomAuthenticationExtension.Receive.Payload"),
    "ended": lambda: token(exp=int(time.time()) - 60),
    "no end": lambda: token(exp=...),
    "not yet": lambda: token(nbf=int(time.time()) + 600),
    "no algorithm": lambda: handmade({"alg": "none", "kid": "rsa"}, CLAIMS, b"").rpartition(".")[0] + ".",
    "HS256 with the public key": lambda: handmade({"alg": "HS256", "kid": "rsa"}, CLAIMS, public_pem()),
    "RS256 that is an HMAC": lambda: handmade({"alg": "RS256", "kid": "rsa"}, CLAIMS, public_pem()),
    "an unknown key": lambda: token("rsa-other"),
    "a key of somebody else's by a known name": lambda: token("rsa-other", kid="rsa"),
}


async def test_tokens_that_are_refused(service: Running, keys: JwksServer) -> None:
    tenant = await hook(service, keys)
    for what, made in WRONG.items():
        text = made()
        for _ in range(2):
            assert not passed(await asked(service, tenant, text)), what
    assert passed(await asked(service, tenant))
    assert keys.asked == 1  # whatever tokens say


async def test_a_token_is_for_one_tenant_here(service: Running, keys: JwksServer) -> None:
    """The same directory, another app registration."""
    good, other = await hook(service, keys), await hook(service, keys, audience="another")
    text = token()
    assert passed(await asked(service, good, text))
    assert not passed(await asked(service, other, text))
    assert passed(await asked(service, good, text))


async def test_the_directory_of_the_call_is_that_of_the_secret(service: Running, keys: JwksServer) -> None:
    tenant = await hook(service, keys, tenant_id=DIRECTORY.upper())
    assert passed(await asked(service, tenant))
    for directory in ("bbbbbbbb-0000-cccc-1111-dddd2222eeee", "", None, {"a": DIRECTORY}):
        body = CALL | {"data": CALL["data"] | {"tenantId": directory}}
        response = await sent(service, tenant, None, body)
        assert (response.status_code, response.json()["error"]) == (401, "unauthorized")


async def test_keys_are_fetched_before_the_first_call(service: Running, keys: JwksServer) -> None:
    tenant = await hook(service, keys)
    await fetched(keys)
    keys.status = 500
    began = time.monotonic()
    assert passed(await asked(service, tenant))
    assert time.monotonic() - began < WAITS / 2
    assert keys.asked == 1


async def test_a_new_key_is_found(service: Running, keys: JwksServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.jwks.JWKS_GAP", 0.0)
    tenant = await hook(service, keys)
    assert not passed(await asked(service, tenant, token("rsa-next")))
    keys.document = {"keys": [jwk("rsa-next")]}
    assert passed(await asked(service, tenant, token("rsa-next")))
    assert not passed(await asked(service, tenant))  # the one before is gone


NOT_NOW = {"error": "temporarily_unavailable", "error_description": "the rules cannot be run just now"}


async def test_without_keys_the_answer_comes_in_time_and_is_no(service: Running, keys: JwksServer) -> None:
    keys.status = 500
    tenant = await hook(service, keys)
    for _ in range(2):
        response = await asked(service, tenant)
        assert (response.status_code, response.json()) == (503, NOT_NOW)


async def test_keys_that_come_late(service: Running, keys: JwksServer) -> None:
    """The call that waits for them is refused in time, and does not end what the next one needs."""
    keys.slow = 1.5
    tenant = await hook(service, keys)
    began = time.monotonic()
    response = await asked(service, tenant)
    assert time.monotonic() - began < WAITS
    assert (response.status_code, response.json()) == (503, NOT_NOW)
    await asyncio.sleep(0.9)
    assert passed(await asked(service, tenant))
    assert keys.asked == 1


async def test_all_of_the_time_counts(service: Running, keys: JwksServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also that which it took to know the tenant."""
    keys.slow = 1.5
    tenant = await hook(service, keys)
    live = service.service.live
    known = await live.revision(tenant)

    async def slowly(name: str) -> Revision:
        await asyncio.sleep(0.4)
        return known

    monkeypatch.setattr(live, "revision", slowly)
    began = time.monotonic()
    response = await asked(service, tenant)
    assert time.monotonic() - began < WAITS
    assert response.status_code == 503
