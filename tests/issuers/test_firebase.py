"""Who calls the blocking function of Firebase, by the token in which the call stands; and that it is answered in time,
as Google would have it."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx2
import msgspec
import pytest

from api.issuers.envelope import payload_in, token_in
from api.issuers.table import ISSUERS
from cli.simulation import calls_of
from sandbox.pool import Busy
from tests.issuers.firebase_tokens import ADDRESS, ISSUER, PROJECT, SECRET, envelope, signed, token
from tests.issuers.hooked import call, hooked
from tests.jwks import JwksServer, handmade, jwk, public_pem
from tests.service import Running, running

pytestmark = pytest.mark.anyio

CALL, CREATE = calls_of(ISSUERS["firebase"]).values()
CLAIMS = {**CALL, "iss": ISSUER, "aud": ADDRESS, "sub": "ada", "exp": 4_000_000_000}
WAITS = 7.0  # seconds


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    limits = {"CLAIMSMITH_RULE_MS": "20000", "CLAIMSMITH_EXECUTION_MS": "60000"}
    async with running(tmp_path_factory.mktemp("firebase"), limits) as service:
        yield service


@pytest.fixture
def keys() -> Iterator[JwksServer]:
    server = JwksServer()
    yield server
    server.close()


async def hook(service: Running, keys: JwksServer, rule: str = "context.idToken.x = 'y'", **changed: Any) -> str:
    return await hooked(service, "firebase", secrets={"key": SECRET | {"jwks_url": keys.url} | changed}, rules=[rule])


async def sent(service: Running, tenant: str, body: bytes) -> httpx2.Response:
    return await call(service, "firebase", tenant, {"content-type": "application/json"}, body)


async def asked(service: Running, tenant: str, text: str | None = None) -> httpx2.Response:
    return await sent(service, tenant, envelope(token(CALL) if text is None else text))


def error(response: httpx2.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["status"]


def passed(response: httpx2.Response) -> bool:
    if response.status_code == 200:
        assert response.json() == {"userRecord": {"sessionClaims": {"x": "y"}, "updateMask": "sessionClaims"}}
        return True
    body = {"error": {"status": "UNAUTHENTICATED", "message": "the token of the call is not accepted"}}
    assert (response.status_code, response.json()) == (401, body)
    assert "claimsmith-execution" not in response.headers
    return False


async def test_calls_of_google(service: Running, keys: JwksServer) -> None:
    tenant = await hook(service, keys)
    for claims in ({}, {"iat": ...}, {"aud": ["another", ADDRESS]}, {"exp": int(time.time()) - 3}):
        assert passed(await asked(service, tenant, token(CALL, **claims))), claims


# Made when they are tried, so that none is merely too old.
WRONG: dict[str, Callable[[], str]] = {
    "nothing": lambda: "",
    "garbage": lambda: "garbage",
    "an ID token of a person of the project": lambda: token(CALL, aud=PROJECT),
    "no audience": lambda: token(CALL, aud=...),
    "the function of another tenant": lambda: token(CALL, aud=ADDRESS + "2"),
    "any address below": lambda: token(CALL, aud=ADDRESS + "/x"),
    "no issuer": lambda: token(CALL, iss=...),
    "another project": lambda: token(CALL, iss="https://securetoken.google.com/shop-1a2b4"),
    "a session cookie": lambda: token(CALL, iss=f"https://session.firebase.google.com/{PROJECT}"),
    "somebody who looks like Google": lambda: token(CALL, iss=f"https://securetoken.google.com.evil.example/{PROJECT}"),
    "ended": lambda: token(CALL, exp=int(time.time()) - 60),
    "no end": lambda: token(CALL, exp=...),
    "made tomorrow": lambda: token(CALL, iat=int(time.time()) + 86_400),
    "a subject that is none": lambda: token(CALL, sub=7),
    "not signed, as the emulator's": lambda: handmade({"alg": "none"}, CLAIMS, b"").rpartition(".")[0] + ".",
    "HS256 with the public key": lambda: handmade({"alg": "HS256", "kid": "rsa"}, CLAIMS, public_pem()),
    "RS256 that is an HMAC": lambda: handmade({"alg": "RS256", "kid": "rsa"}, CLAIMS, public_pem()),
    "an unknown key": lambda: token(CALL, "rsa-other"),
    "a key of somebody else's by a known name": lambda: token(CALL, "rsa-other", kid="rsa"),
}


async def test_calls_that_are_refused(service: Running, keys: JwksServer) -> None:
    tenant = await hook(service, keys)
    for what, made in WRONG.items():
        text = made()
        for _ in range(2):
            assert not passed(await asked(service, tenant, text)), what
    assert passed(await asked(service, tenant))
    assert keys.asked == 1  # whatever tokens say


async def test_what_is_verified_is_what_is_read(service: Running, keys: JwksServer) -> None:
    """Of two tokens in one body, one would be verified and the other read."""
    tenant = await hook(service, keys)
    good, evil = token(CALL), handmade({"alg": "none"}, CLAIMS, b"")
    for body in (
        f'{{"data": {{"jwt": "{good}", "jwt": "{evil}"}}}}',
        f'{{"data": {{"jwt": "{good}"}}, "data": {{"jwt": "{evil}"}}}}',
    ):
        assert not passed(await sent(service, tenant, body.encode()))
    changed = evil.split(".")[1].join([good.split(".")[0] + ".", "." + good.split(".")[2]])
    assert not passed(await asked(service, tenant, changed))


async def test_a_name_twice_in_what_the_token_says(service: Running, keys: JwksServer) -> None:
    tenant = await hook(service, keys)
    said = json.dumps(CLAIMS)[:-1] + ', "event_type": "beforeCreate"}'
    response = await asked(service, tenant, signed(said.encode()))
    assert error(response) == (400, "INVALID_ARGUMENT")
    assert "`event_type` stands twice" in response.json()["error"]["message"]


async def test_a_long_call_is_taken(service: Running, keys: JwksServer) -> None:
    """Attributes of SAML, and tokens of other providers, are longer than any token in a header may be."""
    tenant = await hook(service, keys)
    groups = [f"cn=group-{number},ou=groups,dc=example,dc=com" for number in range(3_000)]
    long = CALL | {"sign_in_attributes": {"groups": groups}, "oauth_id_token": "x" * 20_000}
    assert passed(await asked(service, tenant, token(long)))
    beyond = await asked(service, tenant, token(CALL | {"raw_user_info": "x" * 1_000_000}))
    assert error(beyond) == (401, "UNAUTHENTICATED")  # nothing of it is read


async def test_secrets_of_a_call_are_not_shown(service: Running, keys: JwksServer) -> None:
    tenant = await hook(service, keys)
    secret = {name: f"very-secret-{name}" for name in ("oauth_access_token", "oauth_refresh_token", "oauth_id_token")}
    record = CALL["user_record"] | {"password_hash": "very-secret-hash", "password_salt": "very-secret-salt"}
    response = await asked(service, tenant, token(CALL | secret | {"user_record": record}))
    shown = await service.record(response.headers["claimsmith-execution"], tenant)
    assert "very-secret" not in json.dumps(shown)
    assert shown["transaction"]["context"]["issuer"]["request"]["event_type"] == "beforeSignIn"


async def test_the_token_itself_is_not_in_the_record(service: Running, keys: JwksServer) -> None:
    """Who reads a record could make the call again with it."""
    tenant, text = await hook(service, keys), token(CALL)
    shown = await service.record((await asked(service, tenant, text)).headers["claimsmith-execution"], tenant)
    assert text.rpartition(".")[2] not in json.dumps(shown)


async def test_a_new_key_is_found(service: Running, keys: JwksServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.jwks.JWKS_GAP", 0.0)
    tenant = await hook(service, keys)
    assert not passed(await asked(service, tenant, token(CALL, "rsa-next")))
    keys.document = {"keys": [jwk("rsa-next")]}
    assert passed(await asked(service, tenant, token(CALL, "rsa-next")))
    assert not passed(await asked(service, tenant))  # the one before is gone


async def test_without_keys_nobody_is_signed_in(service: Running, keys: JwksServer) -> None:
    keys.status = 500
    tenant = await hook(service, keys)
    response = await asked(service, tenant)
    assert error(response) == (503, "UNAVAILABLE")
    issuers = (await service.call("GET", "/v1/issuers", scope="rules:read", tenant=tenant)).json()["issuers"]
    (call,) = [issuer["last_call"] for issuer in issuers if issuer["name"] == "firebase"]
    assert (call["ended"], call["error"]) == ("refused", "keys")
    assert "compare `jwks_url`" in call["text"]


async def test_nothing_can_be_decided(service: Running, keys: JwksServer, monkeypatch: pytest.MonkeyPatch) -> None:
    tenant = await hook(service, keys)

    async def busy(*args: Any, **named: Any) -> None:
        raise Busy("too many")

    monkeypatch.setattr(service.service.engine, "evaluate", busy)
    response = await asked(service, tenant)
    assert error(response) == (503, "UNAVAILABLE")
    assert "claimsmith-execution" not in response.headers


async def test_an_error_of_ours(service: Running, keys: JwksServer, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(call: Any, settings: Any) -> None:
        raise RuntimeError("internal detail")

    tenant = await hook(service, keys)
    monkeypatch.setitem(ISSUERS, "firebase", msgspec.structs.replace(ISSUERS["firebase"], parse=broken))
    response = await asked(service, tenant)
    assert error(response) == (500, "INTERNAL")
    assert "internal detail" not in response.text


async def test_google_is_answered_within_its_seven_seconds(service: Running, keys: JwksServer) -> None:
    tenant = await hook(service, keys, "while True: pass")
    began = time.monotonic()
    response = await asked(service, tenant)
    assert error(response) == (500, "INTERNAL")
    assert 6.0 < time.monotonic() - began < WAITS


async def test_keys_that_come_late_are_part_of_the_time(service: Running, keys: JwksServer) -> None:
    keys.slow = 3.0
    tenant = await hook(service, keys, "while True: pass")
    began = time.monotonic()
    assert error(await asked(service, tenant)) == (500, "INTERNAL")
    assert time.monotonic() - began < WAITS


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b"\xff", b'"a.b.c"', b'{"data": {"jwt": "\xff"}}', b'{"data": {"jwt": "\\ud800"}}',
        b'{"data": ' * 5_000, b"[" * 100_000, b'{"data": {"jwt": null}}', b'{"data": {"jwt": "a"}}',
        b'{"data": {"jwt": "a.\xc3\xbc.b"}}', b'{"data": {"jwt": "a.%.b"}}', b'{"data": {"jwt": "a.A.b"}}',
    ],
)  # fmt: skip
def test_bodies_that_are_no_envelopes(body: bytes) -> None:
    """Neither reads more than there is, nor raises anything."""
    assert isinstance(token_in(body), str)
    assert isinstance(payload_in(body), bytes)
