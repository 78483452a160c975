"""Who calls a hook: every kind of secret, alone and beside others, and tokens of another issuer."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import jwt
import msgspec
import pytest

from api.errors import ApiError
from api.issuers.key_sets import KeySets
from api.issuers.kinds import (
    ENTRA_CALLER,
    KINDS,
    Basic,
    Bearer,
    Cookie,
    Entra,
    Firebase,
    Header,
    Jwt,
    Secret,
    SigningKey,
    StandardWebhooks,
    read_secret,
)
from api.issuers.payloads import new_private_key
from api.issuers.secrets import REASONS, Unauthenticated, authenticate
from api.issuers.signatures import SCHEMES, read_webhook_key, sign_timed, sign_webhook
from api.jwks import JWKS_FIRST_GAP, MOST_KEYS
from tests.jwks import NAMES, JwksServer, handmade, jwk, private, public_pem

pytestmark = pytest.mark.anyio

NOW = 1_700_000_000.5
BODY = b'{"a":1}'
WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
WHPK = "whpk_A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="
WHSK = "whsk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
STATIC = "a-secret-of-sixteen-and-more"


@pytest.fixture
async def keys() -> AsyncIterator[KeySets]:
    keys = KeySets()
    yield keys
    await keys.aclose()


@pytest.fixture
def server() -> Iterator[JwksServer]:
    server = JwksServer()
    yield server
    server.close()


async def tried(
    keys: KeySets,
    secrets: Mapping[str, Secret],
    headers: Mapping[str, str],
    *,
    scheme: str | None = None,
    body: bytes = BODY,
    now: float = NOW,
) -> str:
    """The id of the secret that matches, or the reason."""
    try:
        passed = await authenticate(secrets, scheme, headers, body, now, keys)
        assert passed.body == body
        return "+" + passed.id
    except Unauthenticated as refused:
        assert (refused.error, refused.status) == ("unauthorized", 401)
        assert refused.description == REASONS[refused.reason]
        return refused.reason


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


# What is fixed

FIXED: list[tuple[Secret, dict[str, str], bool]] = [
    (Header(value=f"Bearer {STATIC}"), {"authorization": f"Bearer {STATIC}"}, True),
    (Header(value=STATIC), {"authorization": f"Bearer {STATIC}"}, False),
    (Header(value=STATIC), {"authorization": STATIC + "x"}, False),
    (Header(value=STATIC), {"authorization": STATIC[:-1]}, False),
    (Header(value=STATIC), {"authorization": STATIC.upper()}, False),
    (Header(value=STATIC), {"authorization": ""}, False),
    (Header(value=STATIC), {"authorization": STATIC + "é"}, False),
    (Header(value=STATIC), {"authorization": "\ud800"}, False),
    (Header(value=STATIC), {}, False),
    (Header(value=STATIC, name="X-Api-Key"), {"x-api-key": STATIC}, True),
    (Header(value=STATIC, name="X-Api-Key"), {"authorization": STATIC}, False),
    (Cookie("session", STATIC), {"cookie": f"session={STATIC}"}, True),
    (Cookie("session", STATIC), {"cookie": f"a=b; session={STATIC}; c"}, True),
    (Cookie("session", STATIC + "=="), {"cookie": f"session={STATIC}=="}, True),
    (Cookie("session", STATIC), {"cookie": f"Session={STATIC}"}, False),
    (Cookie("session", STATIC), {"cookie": f"xsession={STATIC}"}, False),
    (Cookie("session", STATIC), {"cookie": f"session=; session={STATIC}"}, False),
    (Cookie("session", STATIC), {"cookie": "session"}, False),
    (Cookie("session", STATIC), {"cookie": ";" * 10_000}, False),
    (Cookie("session", STATIC), {}, False),
    (Basic("us er", "pass:wörd"), {"authorization": basic("us er", "pass:wörd")}, True),
    (Basic("us er", "pass:wörd"), {"authorization": basic("us er", "pass:wörd").replace("Basic", "bASIC")}, True),
    (Basic("user", "password"), {"authorization": basic("user", "passwor")}, False),
    (Basic("user", "password"), {"authorization": basic("use", "password")}, False),
    (Basic("user", "password"), {"authorization": basic("user", "password").replace("Basic", "Bearer")}, False),
    (Basic("user", "password"), {"authorization": "Basic user:password"}, False),
    (Basic("user", "password"), {"authorization": "Basic"}, False),
    (Bearer(STATIC), {"authorization": f"bearer  {STATIC} "}, True),
    (Bearer(STATIC), {"authorization": STATIC}, False),
    (Bearer(STATIC), {"authorization": f"Basic {STATIC}"}, False),
    (Bearer(STATIC), {"authorization": f"Bearer {STATIC} {STATIC}"}, False),
    (Bearer(STATIC), {"authorization": "Bearer " + STATIC * 10_000}, False),
]


@pytest.mark.parametrize(("secret", "headers", "matches"), FIXED)
async def test_fixed_values(keys: KeySets, secret: Secret, headers: dict[str, str], matches: bool) -> None:
    assert await tried(keys, {"a": secret}, headers) == ("+a" if matches else "credentials")


async def test_nobody_may_call_without_a_secret(keys: KeySets) -> None:
    for headers in ({}, {"authorization": "Bearer x"}, sign_webhook(read_webhook_key(WHSEC), "m", int(NOW), BODY)):
        assert await tried(keys, {}, headers) == "no_secret"


# Signatures


async def test_signatures(keys: KeySets) -> None:
    secrets = {"a": StandardWebhooks(f"v1,{WHSEC}"), "b": StandardWebhooks(WHPK)}
    for written, matched in ((WHSEC, "+a"), (WHSK, "+b")):
        signed = sign_webhook(read_webhook_key(written), "msg_1", int(NOW), BODY)
        assert await tried(keys, secrets, signed) == matched
        assert await tried(keys, secrets, signed, body=BODY + b" ") == "signature"
        assert await tried(keys, secrets, signed, now=NOW + 302) == "stale"
        assert await tried(keys, secrets, {}) == "unsigned"


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_signing_keys(keys: KeySets, scheme: str) -> None:
    secrets = {"old": SigningKey("the-key-before"), "new": SigningKey("the-key-of-now")}
    signed = sign_timed(SCHEMES[scheme], "the-key-of-now", BODY, NOW)
    assert await tried(keys, secrets, signed, scheme=scheme) == "+new"
    assert await tried(keys, secrets, signed, scheme=scheme, now=NOW + 302) == "stale"
    other = next(name for name in SCHEMES if name != scheme)
    assert await tried(keys, secrets, signed, scheme=other) == "unsigned"
    signed = sign_timed(SCHEMES[scheme], "the-key-of-never", BODY, NOW)
    assert await tried(keys, secrets, signed, scheme=scheme) == "signature"


async def test_during_a_rotation_both_are_good(keys: KeySets) -> None:
    secrets: dict[str, Secret] = {
        "old": Header(value=STATIC),
        "new": Header(value=STATIC * 2),
        "c": Cookie("s", STATIC),
    }
    assert await tried(keys, secrets, {"authorization": STATIC}) == "+old"
    assert await tried(keys, secrets, {"authorization": STATIC * 2}) == "+new"
    assert await tried(keys, secrets, {"cookie": f"s={STATIC}"}) == "+c"
    del secrets["old"]
    assert await tried(keys, secrets, {"authorization": STATIC}) == "credentials"


async def test_every_secret_is_compared_whichever_matches(keys: KeySets, monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []

    def counted(given: str, expected: str) -> bool:
        compared.append(expected)
        return given == expected

    monkeypatch.setattr("api.issuers.secrets._equal", counted)
    secrets = {str(n): Bearer(f"value-{n}") for n in range(5)}
    for n in range(5):
        compared.clear()
        assert await tried(keys, secrets, {"authorization": f"Bearer value-{n}"}) == f"+{n}"
        assert len(compared) == 5


# Tokens

ISSUER, AUDIENCE, CLIENT = "https://id.example.com/", "claimsmith-hook", "the-client-of-okta"


LASTING = 6 * 3_600  # seconds of a token: some are made before the first test runs


def token(key: str = "rsa", kid: str | None = None, **claims: object) -> str:
    return signed_token(key, kid, {"iss": ISSUER, "aud": AUDIENCE, "cid": CLIENT, **claims})


def signed_token(key: str, kid: str | None, claims: dict[str, object]) -> str:
    """Whatever its claims are: PyJWT itself would not make some of them."""
    known = {"exp": int(time.time()) + LASTING, **claims}
    payload = json.dumps({name: value for name, value in known.items() if value is not ...}).encode()
    return jwt.PyJWS().encode(payload, private(key), NAMES[key.partition("-")[0]], {"kid": kid or key})


def bearer(text: str) -> dict[str, str]:
    return {"authorization": f"Bearer {text}"}


def secret(server: JwksServer, **changed: Any) -> Jwt:
    known = {"jwks_url": server.url, "issuers": (ISSUER,), "audience": AUDIENCE, "caller": CLIENT}
    return Jwt(**{**known, **changed})


async def test_a_token_of_another_issuer(keys: KeySets, server: JwksServer) -> None:
    secrets = {"a": secret(server)}
    assert await tried(keys, secrets, bearer(token())) == "+a"
    assert await tried(keys, secrets, bearer(token(aud=["x", AUDIENCE]))) == "+a"
    assert await tried(keys, secrets, bearer(token(azp=CLIENT))) == "+a"
    assert await tried(keys, {"a": secret(server, caller=None)}, bearer(token(cid=...))) == "+a"
    several = secret(server, issuers=("https://other.example.com", ISSUER))
    assert await tried(keys, {"a": several}, bearer(token())) == "+a"
    assert server.asked == 1


CLAIMS = {"iss": ISSUER, "aud": AUDIENCE, "exp": 4_000_000_000, "cid": CLIENT}
TOKENS: dict[str, str] = {
    "nothing": "",
    "garbage": "garbage",
    "five parts": "a.b.c.d.e",
    "not ASCII": "é.é.é",
    "huge": token(padding="x" * 20_000),
    "alg none": handmade({"alg": "none"}, CLAIMS, b"").rpartition(".")[0] + ".",
    "alg in another case": handmade({"alg": "rs256", "kid": "rsa"}, CLAIMS, b"x"),
    "alg a list": handmade({"alg": ["RS256"], "kid": "rsa"}, CLAIMS, b"x"),
    "HS256 with the public key": handmade({"alg": "HS256", "kid": "rsa"}, CLAIMS, public_pem()),
    "HMAC under another name": handmade({"alg": "RS256", "kid": "rsa"}, CLAIMS, public_pem()),
    "an algorithm that is not set": token("ed"),
    "of an unknown key": token("rsa-other"),
    "of another key with a known id": token("rsa-other", kid="rsa"),
    "the key in its header": jwt.encode(CLAIMS, private("rsa-other"), "RS256", {"jwk": jwk("rsa-other"), "kid": "rsa"}),
    "wrong audience": token(aud="other"),
    "no audience": token(aud=...),
    "wrong issuer": token(iss="https://evil.example.com/"),
    "issuer as a prefix": token(iss=ISSUER + "x"),
    "an issuer in a list": token(iss=[ISSUER]),
    "no issuer": token(iss=...),
    "wrong caller": token(cid="other"),
    "no caller": token(cid=...),
    "two callers": token(azp="other"),
    "a caller in a list": token(cid=[CLIENT]),
    "a caller of null": token(cid=None),
    "expired": token(exp=int(time.time()) - 10),
    "no end": token(exp=...),
    "not yet valid": token(nbf=int(time.time()) + LASTING),
    "issued in the future": token(iat=int(time.time()) + LASTING),
}


@pytest.mark.parametrize("attack", TOKENS)
async def test_tokens_that_are_refused(keys: KeySets, server: JwksServer, attack: str) -> None:
    secrets = {"a": secret(server)}
    for _ in range(2):
        assert await tried(keys, secrets, bearer(TOKENS[attack])) == "token"
    assert await tried(keys, secrets, bearer(token())) == "+a"


async def test_what_one_secret_has_let_pass_says_nothing_about_another(keys: KeySets, server: JwksServer) -> None:
    good = token()
    assert await tried(keys, {"a": secret(server)}, bearer(good)) == "+a"
    for changed in ({"audience": "other"}, {"issuers": ("https://x",)}, {"caller": "x"}, {"algorithms": ("ES256",)}):
        assert await tried(keys, {"a": secret(server, **changed)}, bearer(good)) == "token"
        both = {"b": secret(server, **changed), "a": secret(server)}
        assert await tried(keys, both, bearer(good)) == "+a"


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


async def test_a_verified_token_is_remembered_and_goes_with_its_key(server: JwksServer) -> None:
    clock = Clock()
    keys = KeySets(clock)
    try:
        secrets, good = {"a": secret(server)}, token()
        assert await tried(keys, secrets, bearer(good)) == "+a"
        server.document = {"keys": [jwk("rsa-new")]}
        assert await tried(keys, secrets, bearer(good)) == "+a"
        assert await tried(keys, secrets, bearer(token("rsa-new"))) == "token"  # fetched a moment ago
        clock.now += 10
        assert await tried(keys, secrets, bearer(token("rsa-new"))) == "+a"
        assert await tried(keys, secrets, bearer(good)) == "token"
        assert server.asked == 2
    finally:
        await keys.aclose()


async def test_keys_that_cannot_be_fetched_are_no_refusal(keys: KeySets, server: JwksServer) -> None:
    server.status = 500
    secrets: dict[str, Secret] = {"a": secret(server), "b": Header(value=STATIC)}
    with pytest.raises(ApiError) as refused:
        await authenticate(secrets, None, bearer(token()), BODY, NOW, keys)
    assert (refused.value.status, type(refused.value)) == (503, ApiError)
    assert await tried(keys, secrets, {"authorization": STATIC}) == "+b"


async def test_a_caller_that_gives_up_does_not_end_the_fetch_of_a_new_key(server: JwksServer) -> None:
    """An issuer waits for a second, and the server of its keys may be slower than that."""
    clock = Clock()
    keys, secrets = KeySets(clock), {"a": secret(server)}
    try:
        assert await tried(keys, secrets, bearer(token())) == "+a"
        clock.now += 10
        server.document = {"keys": [jwk("rsa-new")]}
        server.answering.clear()
        for _ in range(3):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await tried(keys, secrets, bearer(token("rsa-new")))
        server.answering.set()
        assert await tried(keys, secrets, bearer(token("rsa-new"))) == "+a"
        assert server.asked == 2
    finally:
        await keys.aclose()


async def test_keys_that_are_not_wanted_any_more_end_a_call_and_not_more(keys: KeySets, server: JwksServer) -> None:
    server.answering.clear()
    calling = asyncio.create_task(authenticate({"a": secret(server)}, None, bearer(token()), BODY, NOW, keys))
    async with asyncio.timeout(5):
        while not server.asked:
            await asyncio.sleep(0.01)
    keys.keep({})
    server.answering.set()
    with pytest.raises(ApiError) as refused:
        await calling
    assert refused.value.status == 503


async def test_keys_are_there_before_the_first_call(keys: KeySets, server: JwksServer) -> None:
    keys.keep({server.url: {"default"}})
    async with asyncio.timeout(5):
        while not keys._sets[server.url].jwks._keys:
            await asyncio.sleep(0.01)
    server.status = 500
    assert await tried(keys, {"a": secret(server)}, bearer(token())) == "+a"
    keys.keep({server.url: {"default"}})
    assert server.asked == 1
    keys.keep({})
    with pytest.raises(ApiError):  # nothing is left of what was fetched
        await authenticate({"a": secret(server)}, None, bearer(token()), BODY, NOW, keys)


async def test_many_addresses_of_keys_keep_nobody_waiting(keys: KeySets) -> None:
    """To read the certificates that this machine trusts takes longer than a login, so it is done once."""
    keys.keep({"https://127.0.0.1:1/0": {"default"}})
    await asyncio.sleep(0.1)
    keys.keep({f"https://127.0.0.1:1/{number}": {f"t{number}"} for number in range(60)})
    longest = 0.0
    for _ in range(20):
        began = time.monotonic()
        await asyncio.sleep(0.005)
        longest = max(longest, time.monotonic() - began)
    assert longest < 0.75


@pytest.mark.parametrize("entry", [{}, {"kty": "OKP", "crv": "Ed25519", "x": "A" * 43}])
async def test_a_key_set_without_an_end_is_none(keys: KeySets, server: JwksServer, entry: dict[str, str]) -> None:
    server.document = {"keys": [entry] * (MOST_KEYS + 1) + [jwk("rsa")]}
    with pytest.raises(ApiError) as refused:
        await authenticate({"a": secret(server)}, None, bearer(token()), BODY, NOW, keys)
    assert refused.value.status == 503
    server.document = {"keys": [entry] * (MOST_KEYS - 1) + [jwk("rsa")]}
    await asyncio.sleep(JWKS_FIRST_GAP)
    assert await tried(keys, {"a": secret(server)}, bearer(token())) == "+a"


async def test_keys_are_renewed_while_nobody_calls(server: JwksServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.jwks.JWKS_AGE", 0.02)
    monkeypatch.setattr("api.jwks.JWKS_GAP", 0.0)
    monkeypatch.setattr("api.issuers.key_sets.REFRESH", 0.02)
    server.status = 500
    keys = KeySets()
    keys.keep({server.url: {"default"}})
    keys.start()
    try:
        async with asyncio.timeout(5):
            while server.asked < 3:
                await asyncio.sleep(0.01)
            server.status = 200
            while not keys._sets[server.url].jwks._keys:
                await asyncio.sleep(0.01)
            asked = server.asked
            while server.asked < asked + 2:
                await asyncio.sleep(0.01)
    finally:
        await keys.aclose()


# Entra

TENANT = "aaaabbbb-0000-cccc-1111-dddd2222eeee"


def entra(server: JwksServer, **changed: Any) -> Entra:
    return Entra(**{"tenant_id": TENANT, "audience": "the-app", "jwks_url": server.url, **changed})


def entra_token(**claims: object) -> str:
    issuer = f"https://login.microsoftonline.com/{TENANT}/v2.0"
    return signed_token("rsa", None, {"iss": issuer, "aud": "the-app", "azp": ENTRA_CALLER, **claims})


async def test_tokens_of_entra(keys: KeySets, server: JwksServer) -> None:
    secrets = {"a": entra(server)}
    external = {"a": entra(server, domain="contoso", tenant_id=TENANT.upper())}
    assert await tried(keys, secrets, bearer(entra_token())) == "+a"
    first: dict[str, object] = {
        "iss": f"https://sts.windows.net/{TENANT}/",
        "azp": ...,
        "appid": ENTRA_CALLER,
        "ver": "1.0",
    }
    assert await tried(keys, secrets, bearer(entra_token(**first))) == "+a"
    outside = entra_token(iss=f"https://contoso.ciamlogin.com/{TENANT}/v2.0")
    assert await tried(keys, external, bearer(outside)) == "+a"
    assert await tried(keys, secrets, bearer(outside)) == "token"
    wrong: list[dict[str, object]] = [
        {"azp": "another-app"},
        {"azp": ...},
        {"azp": ..., "appid": "another-app"},
        {"appid": "another-app"},
        {"aud": "another-app"},
        {"iss": "https://login.microsoftonline.com/ffffbbbb-0000-cccc-1111-dddd2222eeee/v2.0"},
        {"iss": f"https://login.microsoftonline.com/{TENANT}"},
        {"iss": "https://login.microsoftonline.com/common/v2.0"},
        {"iss": f"https://evil.ciamlogin.com/{TENANT}/v2.0"},
    ]
    for claims in wrong:
        assert await tried(keys, external, bearer(entra_token(**claims))) == "token", claims


def test_where_the_keys_of_entra_are() -> None:
    workforce = Entra(tenant_id=TENANT.upper(), audience="a")
    assert workforce.body_tenant == TENANT
    assert workforce.check.jwks_url == f"https://login.microsoftonline.com/{TENANT}/discovery/v2.0/keys"
    external = Entra(tenant_id=TENANT, audience="a", domain="Contoso")
    assert external.check.jwks_url == f"https://contoso.ciamlogin.com/{TENANT}/discovery/v2.0/keys"
    assert external.check.algorithms == ("RS256",)


def test_where_the_keys_of_google_are() -> None:
    check = Firebase(project="shop-1a2b3", audience="https://a.example.com/hook").check
    assert check.jwks_url == (
        "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com"
    )
    assert (check.issuers, check.audience) == (
        ("https://securetoken.google.com/shop-1a2b3",),
        "https://a.example.com/hook",
    )
    assert check.algorithms == ("RS256",)
    assert Firebase(project="example.com:shop-1a2b3", audience="https://a.example.com/hook").check.issuers


# What can be set

SHORTEST: dict[str, dict[str, object]] = {
    "header": {"value": "x"},
    "cookie": {"name": "n", "value": "x"},
    "basic": {"username": "u", "password": "x"},
    "bearer": {"value": "x"},
    "standard_webhooks": {"value": WHSEC},
    "signing_key": {"value": "x"},
    "jwt_payload": {"value": "x", "jwks_url": "https://a.example.com/keys"},
    "jwe_payload": {"value": "x", "jwks_url": "https://a.example.com/keys", "private_key": new_private_key()},
    "jwt": {"jwks_url": "https://a.example.com/keys", "issuers": ["i"], "audience": "a"},
    "entra": {"tenant_id": TENANT, "audience": "a"},
    "firebase": {"project": "shop-1a2b3", "audience": "https://a.example.com/"},
}


def read(kind: str, **changed: object) -> Secret:
    members = {**SHORTEST[kind], **changed, "type": kind}
    return read_secret(msgspec.json.encode({name: value for name, value in members.items() if value is not ...}))


@pytest.mark.parametrize("kind", SHORTEST)
def test_each_kind(kind: str) -> None:
    assert SHORTEST.keys() == KINDS.keys()
    made = read(kind)
    assert type(made) is KINDS[kind]
    assert read_secret(msgspec.json.encode(made)) == made
    assert made.weak == ("x" in SHORTEST[kind].values())
    for name in SHORTEST[kind]:
        with pytest.raises(ValueError, match=f"missing required field `{name}`|`{name}` is missing"):
            read(kind, **{name: ...})
    with pytest.raises(ValueError, match="unknown field `other`"):
        read(kind, other="x")


def test_sixteen_characters_are_not_weak() -> None:
    for kind, field in (("header", "value"), ("cookie", "value"), ("basic", "password"), ("signing_key", "value")):
        assert read(kind, **{field: "x" * 15}).weak
        assert not read(kind, **{field: "x" * 16}).weak


@pytest.mark.parametrize("kind", SHORTEST)
def test_secrets_do_not_show(kind: str) -> None:
    made = read(kind)
    assert (repr(made), str(made), made.__rich_repr__()) == (f"<{type(made).__name__}>",) * 2 + ([],)
    assert repr({"a": [made]}) == f"{{'a': [<{type(made).__name__}>]}}"


REFUSED: list[tuple[str, dict[str, object], str]] = [
    ("header", {"value": ""}, "`value` is empty"),
    ("header", {"value": "x" * 1025}, "`value` is longer than 1024 characters"),
    ("header", {"value": "s3cr3t\n"}, "`value` has a control character"),
    ("header", {"value": "s3cr3t\x00x"}, "`value` has a control character"),
    ("header", {"value": " s3cr3t"}, "`value` takes visible ASCII"),
    ("header", {"value": "s3cr3t "}, "`value` takes visible ASCII"),
    ("header", {"value": "s3cr3té"}, "`value` takes visible ASCII"),
    ("header", {"name": ""}, "`name` is not the name of a header"),
    ("header", {"name": "a b"}, "`name` is not the name of a header"),
    ("header", {"name": "Cookie"}, "`Cookie` cannot carry a secret"),
    ("cookie", {"value": ""}, "`value` is empty"),
    ("cookie", {"value": "s3cr3t; a=b"}, "`value` takes ASCII"),
    ("cookie", {"value": '"s3cr3t"'}, "`value` takes ASCII"),
    ("cookie", {"name": "a=b"}, "`name` is not the name of a cookie"),
    ("header", {"name": "X-Request-ID"}, "the header `X-Request-ID` cannot carry a secret"),
    ("basic", {"username": "a:b"}, "`username` cannot have a colon"),
    ("basic", {"username": ""}, "`username` is empty"),
    ("basic", {"password": "s3cr3t\t"}, "`password` has a control character"),
    ("bearer", {"value": "s3cr3t s3cr3t"}, "`value` takes visible ASCII characters without spaces"),
    ("standard_webhooks", {"value": ""}, "`value` is empty"),
    ("standard_webhooks", {"value": "s3cr3t"}, "`value`: a key of Standard Webhooks begins"),
    ("standard_webhooks", {"value": "whsec_s3cr3t!"}, "`value`: what follows `whsec_` is not base64"),
    ("standard_webhooks", {"value": "whsec_c2hvcnQ="}, "has 24 to 64 bytes"),
    ("standard_webhooks", {"value": WHSK}, "is a private key"),
    ("signing_key", {"value": ""}, "`value` is empty"),
    ("signing_key", {"value": "s3cr3t\r\n"}, "`value` has a control character"),
    ("jwt_payload", {"value": ""}, "`value` is empty"),
    ("jwt_payload", {"jwks_url": "http://a.example.com/keys"}, "`jwks_url`: keys fetched over http can be replaced"),
    ("jwe_payload", {"jwks_url": "file:///etc/passwd"}, "`jwks_url`: not a URL of a known kind"),
    ("jwe_payload", {"private_key": "s3cr3t"}, "`private_key`: a private key is PEM"),
    ("jwe_payload", {"private_key": ""}, "`private_key`: a private key is PEM"),
    ("jwt", {"jwks_url": "http://a.example.com/keys"}, "`jwks_url`: keys fetched over http can be replaced"),
    ("jwt", {"jwks_url": "ftp://a.example.com/keys"}, "`jwks_url`: not a URL of a known kind"),
    ("jwt", {"jwks_url": "file:///etc/passwd"}, "`jwks_url`: not a URL of a known kind"),
    ("jwt", {"jwks_url": "https://"}, "`jwks_url`: the URL names no host"),
    ("jwt", {"jwks_url": "https://a.example.com/\nx"}, "`jwks_url` is not a URL"),
    ("jwt", {"jwks_url": "https://a.example.com/" + "x" * 2_048}, "`jwks_url` is not a URL"),
    ("jwt", {"issuers": []}, "`issuers` names 1 to 10"),
    ("jwt", {"issuers": ["i"] * 11}, "`issuers` names 1 to 10"),
    ("jwt", {"issuers": [""]}, "`issuers` is empty"),
    ("jwt", {"audience": ""}, "`audience` is empty"),
    ("jwt", {"caller": ""}, "`caller` is empty"),
    ("jwt", {"algorithms": []}, "`algorithms` names at least one of RS256, ES256, EdDSA"),
    ("jwt", {"algorithms": ["HS256"]}, "Invalid enum value 'HS256'"),
    ("jwt", {"algorithms": ["none"]}, "Invalid enum value 'none'"),
    ("entra", {"tenant_id": "contoso.onmicrosoft.com"}, "`tenant_id` is a UUID"),
    ("entra", {"tenant_id": TENANT + "/.."}, "`tenant_id` is a UUID"),
    ("entra", {"audience": ""}, "`audience` is empty"),
    ("entra", {"domain": "contoso.ciamlogin.com"}, "`domain` is one label"),
    ("entra", {"domain": "evil.example.com/x"}, "`domain` is one label"),
    ("entra", {"jwks_url": "http://a.example.com/keys"}, "keys fetched over http can be replaced"),
    ("firebase", {"project": ""}, "`project` is a project's id"),
    ("firebase", {"project": "Shop"}, "`project` is a project's id"),
    ("firebase", {"project": "shop-1a2b3/.."}, "`project` is a project's id"),
    ("firebase", {"project": "415104041262"}, "`project` is a project's id"),
    ("firebase", {"audience": ""}, "`audience` is empty"),
    ("firebase", {"audience": "shop-1a2b3"}, "`audience` takes the address that is registered as the function's"),
    ("firebase", {"audience": "https://a.example.com/ b"}, "`audience` takes the address"),
    ("firebase", {"jwks_url": "http://a.example.com/keys"}, "keys fetched over http can be replaced"),
]


@pytest.mark.parametrize(("kind", "changed", "said"), REFUSED)
def test_what_cannot_be_set(kind: str, changed: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError) as refused:
        read(kind, **changed)
    assert said in str(refused.value)
    assert "s3cr3t" not in str(refused.value)


def test_keys_may_be_fetched_from_this_machine() -> None:
    for host in ("127.0.0.1:8000", "localhost", "[::1]"):
        assert read("jwt", jwks_url=f"http://{host}/keys")
