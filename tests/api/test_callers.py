from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta, tzinfo
from typing import Any

import jwt
import pytest
from jwt.algorithms import RSAAlgorithm
from starlette.datastructures import Headers

from api import verified as module
from api.callers import SCOPES, Caller, Callers, NotIssuable, acting_tenant, issue_token
from api.errors import ApiError
from api.refusals import (
    AlgorithmRefused,
    AudienceWrong,
    ClaimMissing,
    ClaimWrong,
    IssuerWrong,
    KeyUnknown,
    SignatureWrong,
    TenantWrong,
    TokenExpired,
    TokenMalformed,
    TokenNotYetValid,
    TokenRefused,
    TokenTooLong,
)
from engine.keys import Keys
from tests.jwks import NAMES, JwksServer, handmade, jwk, private, public_pem

pytestmark = pytest.mark.anyio

KEYS = Keys("k" * 32)
ISSUER, AUDIENCE = "https://id.example.com/", "claimsmith"
LASTING = 6 * 3_600  # seconds of a token: some are made before the first test runs


def foreign(name: str, kid: object = ..., **claims: object) -> str:
    now = int(time.time())
    known = {"iss": ISSUER, "aud": AUDIENCE, "sub": "hydra", "exp": now + LASTING, "tenant": "acme", "scope": "execute"}
    payload = {key: value for key, value in {**known, **claims}.items() if value is not ...}
    header = {"kid": name if kid is ... else kid} if kid is not None else None
    return jwt.encode(payload, private(name), NAMES[name.partition("-")[0]], header)


def own(secret: bytes | None = None, **claims: object) -> str:
    known = {"sub": "ci", "exp": int(time.time()) + LASTING, "tenant": "acme", "scope": "execute"}
    payload = {key: value for key, value in {**known, **claims}.items() if value is not ...}
    return handmade({"alg": "HS256"}, payload, secret or KEYS.derive("caller-tokens"))


@pytest.fixture
def server() -> Iterator[JwksServer]:
    server = JwksServer()
    yield server
    server.close()


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def opened(
    url: str | None = None, keys: Keys = KEYS, clock: Clock | None = None, **more: Any
) -> AsyncIterator[Callers]:
    callers = Callers(
        keys,
        jwks_url=url,
        jwks_issuer=ISSUER,
        jwks_audience=AUDIENCE,
        monotonic=clock or Clock(),
        **more,
    )
    try:
        yield callers
    finally:
        await callers.aclose()


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def refusal(callers: Callers, token: str) -> type[ApiError]:
    with pytest.raises(ApiError) as refused:
        await callers.authenticate(bearer(token))
    return type(refused.value)


async def test_own_token() -> None:
    token = issue_token(KEYS, scope="execute replay", tenant="acme", subject="ci", expires_in=60)
    async with opened() as callers:
        caller = await callers.authenticate(Headers({"Authorization": f"bearer {token}"}))
        assert caller == Caller("ci", "acme", frozenset({"execute", "replay"}))
        assert await callers.authenticate(bearer(token)) is caller


async def test_tokens_of_the_previous_secret_stay_good() -> None:
    rotated = Keys("n" * 32, "k" * 32)
    async with opened(keys=rotated) as callers:
        assert (await callers.authenticate(bearer(own()))).tenant == "acme"
        assert (await callers.authenticate(bearer(own(rotated.derive("caller-tokens"))))).tenant == "acme"
        assert await refusal(callers, own(b"x" * 32)) is SignatureWrong


@pytest.mark.parametrize("name", ["rsa", "ec", "ed"])
async def test_tokens_of_another_issuer(server: JwksServer, name: str) -> None:
    async with opened(server.url) as callers:
        caller = await callers.authenticate(bearer(foreign(name, scope="openid execute")))
        assert caller == Caller("hydra", "acme", frozenset({"execute"}))
        assert await callers.authenticate(bearer(foreign(name, kid=None, aud=["x", AUDIENCE])))


@pytest.mark.parametrize("headers", [{}, {"authorization": ""}, {"authorization": "Basic dTpw"}])
async def test_without_a_token(headers: dict[str, str]) -> None:
    async with opened() as callers:
        with pytest.raises(ApiError) as refused:
            await callers.authenticate(headers)
    assert (refused.value.error, refused.value.status) == ("unauthorized", 401)


CLAIMS = {"exp": 4_000_000_000, "tenant": "acme", "scope": "admin", "iss": ISSUER, "aud": AUDIENCE}
OWN = KEYS.derive("caller-tokens")
ATTACKS: dict[str, tuple[str, type[TokenRefused]]] = {
    "alg none": (handmade({"alg": "none"}, CLAIMS, b""), AlgorithmRefused),
    "alg none, no signature": (handmade({"alg": "none"}, CLAIMS, b"").rpartition(".")[0] + ".", AlgorithmRefused),
    "alg in another case": (handmade({"alg": "NonE"}, CLAIMS, b""), AlgorithmRefused),
    "alg missing": (handmade({}, CLAIMS, OWN), AlgorithmRefused),
    "alg a list": (handmade({"alg": ["HS256"]}, CLAIMS, OWN), AlgorithmRefused),
    "HS512 with the right secret": (handmade({"alg": "HS512"}, CLAIMS, OWN), AlgorithmRefused),
    "public key as HS256 secret": (handmade({"alg": "HS256", "kid": "rsa"}, CLAIMS, public_pem()), SignatureWrong),
    "master secret as key": (own(b"k" * 32), SignatureWrong),
    "empty secret": (own(b""[:0] or b"\0"), SignatureWrong),
    "HMAC under an asymmetric name": (handmade({"alg": "RS256", "kid": "rsa"}, CLAIMS, OWN), SignatureWrong),
    "key of one algorithm under another": (
        handmade({"alg": "ES256", "kid": "rsa"}, CLAIMS, OWN),
        KeyUnknown,
    ),
    "kid of nobody": (foreign("rsa", kid="../../dev/null"), KeyUnknown),
    "kid as SQL": (foreign("rsa", kid="' UNION SELECT 'x"), KeyUnknown),
    "kid of another key": (foreign("ed-other", kid="ed"), SignatureWrong),
    "kid not a string": (handmade({"alg": "RS256", "kid": {"a": 1}}, CLAIMS, OWN), TokenMalformed),
    "key in the header": (
        jwt.encode(CLAIMS, private("ed-other"), "EdDSA", {"jwk": jwk("ed-other"), "kid": "ed"}),
        SignatureWrong,
    ),
    "address of keys in the header": (
        jwt.encode(CLAIMS, private("ed-other"), "EdDSA", {"jku": "https://evil.example/", "kid": "evil"}),
        KeyUnknown,
    ),
    "critical extension": (
        handmade({"alg": "HS256", "crit": ["exp"], "exp": 1}, CLAIMS, OWN),
        TokenMalformed,
    ),
    "payload not encoded": (
        handmade({"alg": "HS256", "b64": False, "crit": ["b64"]}, CLAIMS, OWN),
        TokenMalformed,
    ),
    "expired": (own(exp=int(time.time()) - 10), TokenExpired),
    "expired, foreign": (foreign("rsa", exp=int(time.time()) - 10), TokenExpired),
    "not yet valid": (own(nbf=int(time.time()) + LASTING), TokenNotYetValid),
    "issued in the future": (own(iat=int(time.time()) + LASTING), TokenNotYetValid),
    "exp missing": (own(exp=...), ClaimMissing),
    "exp null": (own(exp=None), ClaimMissing),
    "exp not a number": (own(exp="soon"), TokenMalformed),
    "exp infinite": (own(exp=float("inf")), TokenMalformed),
    "tenant missing": (own(tenant=...), ClaimMissing),
    "tenant missing, foreign": (foreign("rsa", tenant=...), ClaimMissing),
    "tenant a list": (own(tenant=["acme"]), ClaimWrong),
    "tenant a path": (own(tenant="../acme"), TenantWrong),
    "tenant with a line end": (own(tenant="acme\n"), TenantWrong),
    "tenant too long": (own(tenant="a" * 64), TenantWrong),
    "scope missing": (own(scope=...), ClaimMissing),
    "scope a list": (own(scope=["admin"]), ClaimWrong),
    "sub not a string": (own(sub=1), ClaimWrong),
    "sub too long": (own(sub="x" * 256), ClaimWrong),
    "audience on an own token": (own(aud="other"), AudienceWrong),
    "wrong audience": (foreign("rsa", aud="other"), AudienceWrong),
    "audience missing": (foreign("rsa", aud=...), ClaimMissing),
    "wrong issuer": (foreign("rsa", iss="https://evil.example/"), IssuerWrong),
    "issuer missing": (foreign("rsa", iss=...), ClaimMissing),
    "issuer as prefix": (foreign("rsa", iss=ISSUER + "x"), IssuerWrong),
    "payload not an object": (handmade({"alg": "HS256"}, ["admin"], OWN), TokenMalformed),
    "header not an object": (handmade(["HS256"], CLAIMS, OWN), TokenMalformed),
    "garbage": ("garbage", TokenMalformed),
    "dots": ("..", TokenMalformed),
    "five parts": ("a.b.c.d.e", TokenMalformed),
    "not base64": ("!.!.!", TokenMalformed),
    "not ascii": ("é.é.é", TokenMalformed),
    "two tokens": (f"{own()} {own()}", TokenMalformed),
    "deeply nested": (
        base64.urlsafe_b64encode(b"[" * 6_000).decode() + ".e30.e30",
        TokenMalformed,
    ),
    "huge": (own(padding="x" * 1_000_000), TokenTooLong),
    "nothing": ("", TokenMalformed),
}


@pytest.mark.parametrize("attack", ATTACKS)
async def test_attacks(server: JwksServer, attack: str) -> None:
    token, reason = ATTACKS[attack]
    async with opened(server.url) as callers:
        with pytest.raises(ApiError) as refused:
            await callers.authenticate(bearer(token))
        assert not callers._verified
    error = refused.value
    assert type(error) is reason
    assert (error.status, error.error, error.description) == (401, "invalid_token", reason.reason)
    assert error.headers["WWW-Authenticate"] == (
        f'Bearer realm="claimsmith", error="invalid_token", error_description="{reason.reason}"'
    )


async def test_changed_signatures_and_payloads() -> None:
    header, payload, signature = own().split(".")
    other = own(scope="admin").split(".")[1]
    async with opened() as callers:
        assert await refusal(callers, f"{header}.{other}.{signature}") is SignatureWrong
        assert await refusal(callers, f"{header}.{payload}.") is SignatureWrong
        assert await refusal(callers, f"{header}.{payload}.{signature[::-1]}") in (SignatureWrong, TokenMalformed)


async def test_descriptions_fit_into_a_header() -> None:
    # RFC 6750 section 3: %x20-21 / %x23-5B / %x5D-7E
    for reason in TokenRefused.__subclasses__():
        assert all(0x20 <= ord(character) <= 0x7E for character in reason.reason)
        assert not set('"\\') & set(reason.reason)


async def test_without_a_jwks_only_own_tokens() -> None:
    async with opened() as callers:
        assert await refusal(callers, foreign("rsa")) is AlgorithmRefused


async def test_only_configured_algorithms(server: JwksServer) -> None:
    async with opened(server.url, jwks_algorithms=("EdDSA",)) as callers:
        assert await refusal(callers, foreign("rsa")) is AlgorithmRefused
        assert await callers.authenticate(bearer(foreign("ed")))


async def test_a_mapped_tenant(server: JwksServer) -> None:
    async with opened(server.url, jwks_tenant="everyone") as callers:
        assert (await callers.authenticate(bearer(foreign("rsa", tenant=...)))).tenant == "everyone"
        assert (await callers.authenticate(bearer(foreign("rsa")))).tenant == "acme"
        assert await refusal(callers, own(tenant=...)) is ClaimMissing


async def test_useless_entries_of_a_jwks(server: JwksServer) -> None:
    secret = base64.urlsafe_b64encode(b"s" * 32).decode()
    leaked = {**RSAAlgorithm.to_jwk(private("rsa-leaked"), as_dict=True), "kid": "rsa-leaked"}
    server.document = {
        "keys": [
            7,
            {},
            {"kty": "oct", "k": secret, "kid": "oct", "alg": "HS256"},
            {"kty": "RSA", "kid": "broken", "n": 5},
            jwk("rsa-enc", use="enc"),
            leaked,
            jwk("rsa-weak"),
            jwk("ed", kid=["ed"]),
            jwk("ec"),
        ]
    }
    async with opened(server.url) as callers:
        for name in ("rsa-enc", "rsa-leaked", "ed"):
            assert await refusal(callers, foreign(name)) is KeyUnknown
        with pytest.warns(jwt.InsecureKeyLengthWarning):
            weak = foreign("rsa-weak")
        assert await refusal(callers, weak) is TokenMalformed
        assert await callers.authenticate(bearer(foreign("ec")))


async def test_rotation(server: JwksServer) -> None:
    clock = Clock()
    async with opened(server.url, clock=clock) as callers:
        old, new = foreign("ed"), foreign("ed-new")
        await callers.authenticate(bearer(old))
        assert server.asked == 1
        server.document = {"keys": [jwk("ed-new")]}
        assert await refusal(callers, new) is KeyUnknown  # fetched a moment ago
        assert server.asked == 1
        clock.now += 10
        await callers.authenticate(bearer(new))
        assert server.asked == 2
        # Verified, remembered, within its time, and yet gone with its key.
        assert await refusal(callers, old) is KeyUnknown
        assert server.asked == 2


async def test_keys_are_fetched_again_every_ten_minutes_while_callers_go_on(server: JwksServer) -> None:
    clock = Clock()
    async with opened(server.url, clock=clock) as callers:
        token = foreign("ed")
        await callers.authenticate(bearer(token))
        server.document = {"keys": [jwk("ec")]}
        clock.now += 601
        assert await callers.authenticate(bearer(token))
        assert callers._jwks is not None
        assert callers._jwks._refreshing is not None
        await callers._jwks._refreshing
        assert server.asked == 2
        assert await refusal(callers, token) is KeyUnknown


async def test_the_same_key_id_with_another_key(server: JwksServer) -> None:
    clock = Clock()
    async with opened(server.url, clock=clock) as callers:
        token = foreign("ed")
        await callers.authenticate(bearer(token))
        server.document = {"keys": [jwk("ed-other", kid="ed"), jwk("ec")]}
        clock.now += 10
        assert await refusal(callers, foreign("rsa-unknown")) is KeyUnknown
        assert await refusal(callers, token) is SignatureWrong


@pytest.mark.parametrize("trouble", ["down", "failing", "no jwks", "too large"])
async def test_known_keys_stay_good_while_their_server_is_in_trouble(server: JwksServer, trouble: str) -> None:
    clock = Clock()
    async with opened(server.url, clock=clock) as callers:
        await callers.authenticate(bearer(foreign("ed")))
        if trouble == "down":
            server.close()
        elif trouble == "failing":
            server.status = 500
        else:
            server.document = {"no": "keys"} if trouble == "no jwks" else ["x" * 2_000_000]
        clock.now += 700
        assert await refusal(callers, foreign("rsa-unknown")) is KeyUnknown
        assert (await callers.authenticate(bearer(foreign("ec")))).tenant == "acme"


async def test_503_while_there_are_no_keys(server: JwksServer) -> None:
    clock = Clock()
    server.status = 404
    async with opened(server.url, clock=clock) as callers:
        for _ in range(3):
            with pytest.raises(ApiError) as refused:
                await callers.authenticate(bearer(foreign("ed")))
            assert (refused.value.status, refused.value.headers) == (503, {"Retry-After": "1"})
        assert server.asked == 1
        assert await callers.authenticate(bearer(own()))
        server.status = 200
        clock.now += 1
        assert await callers.authenticate(bearer(foreign("ed")))


async def test_remembered_for_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    verified = 0
    decode = jwt.decode

    def counted(*args: Any, **kwargs: Any) -> Any:
        nonlocal verified
        verified += 1
        return decode(*args, **kwargs)

    monkeypatch.setattr("api.callers.jwt.decode", counted)
    async with opened(clock=clock) as callers:
        token = own()
        for seconds, expected in ((0, 1), (58, 1), (3, 2), (0, 2)):
            clock.now += seconds
            await callers.authenticate(bearer(token))
            assert verified == expected


async def test_not_remembered_beyond_exp(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    later = timedelta(seconds=40)

    class Later(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:
            return datetime.now(tz) + later

    async with opened(clock=clock) as callers:
        token = own(exp=int(time.time()) + 30)
        await callers.authenticate(bearer(token))
        monkeypatch.setattr("jwt.api_jwt.datetime", Later)
        assert await callers.authenticate(bearer(token))
        clock.now += 31
        assert await refusal(callers, token) is TokenExpired
        # Within the leeway a token is accepted, but nothing is remembered.
        assert await callers.authenticate(bearer(own(exp=int(time.time()) + 40 - 3)))


async def test_an_exp_beyond_any_clock() -> None:
    async with opened() as callers:
        for exp in (10**400, 4e300, str(10**12)):
            assert await callers.authenticate(bearer(own(exp=exp)))


async def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_REMEMBERED", 3)
    tokens = [own(sub=str(number)) for number in range(5)]
    async with opened() as callers:
        for token in tokens:
            await callers.authenticate(bearer(token))
        kept = [hashlib.sha256(token.encode()).digest() in callers._verified for token in tokens]
        assert kept == [False, False, True, True, True]


async def test_scopes() -> None:
    caller = Caller("s", "acme", frozenset({"execute"}))
    caller.require("execute")
    with pytest.raises(ApiError) as refused:
        caller.require("replay")
    assert (refused.value.status, refused.value.description) == (403, "this needs the scope `replay`")
    assert refused.value.headers == {
        "WWW-Authenticate": 'Bearer realm="claimsmith", error="insufficient_scope", scope="replay"'
    }
    for scope in SCOPES:
        Caller("s", "acme", frozenset({"admin"})).require(scope)


async def test_acting_tenant() -> None:
    caller = Caller("s", "acme", frozenset(SCOPES) - {"admin"})
    admin = Caller("s", "default", frozenset({"admin"}))
    assert acting_tenant(caller, {}) == "acme"
    assert acting_tenant(caller, {"claimsmith-tenant": "acme"}) == "acme"
    assert acting_tenant(admin, Headers({"Claimsmith-Tenant": "acme"})) == "acme"
    assert acting_tenant(admin, {}) == "default"
    for other in ("default", "../x", ""):
        with pytest.raises(ApiError) as refused:
            acting_tenant(caller, {"claimsmith-tenant": other})
        assert (refused.value.status, refused.value.error) == (403, "insufficient_scope")
    with pytest.raises(ApiError) as refused:
        acting_tenant(admin, {"claimsmith-tenant": "No Tenant"})
    assert refused.value.status == 400


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"scope": "execute fly"}, "unknown scope `fly`"),
        ({"scope": ""}, "no scope"),
        ({"tenant": "Acme"}, "`Acme` is not a tenant name"),
        ({"subject": ""}, "the subject must have 1 to 255 characters"),
        ({"expires_in": 0}, "the token would be expired at once"),
    ],
)
async def test_tokens_that_would_be_refused_are_not_made(changed: dict[str, Any], message: str) -> None:
    asked: dict[str, Any] = {"scope": "execute", "tenant": "acme", "subject": "ci", "expires_in": 60}
    with pytest.raises(NotIssuable, match=message):
        issue_token(KEYS, **{**asked, **changed})
