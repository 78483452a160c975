"""Bodies of Zitadel's calls that are a JWT or a JWE: what its libraries make of a call is understood, and nothing else
is, not even of who can sign what goes over the wire."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwcrypto import jwe as other_jwe
from jwcrypto import jwk as other_jwk
from jwcrypto import jws as other_jws
from jwt.algorithms import RSAAlgorithm

from api.issuers.kinds import JwePayload, JwtPayload, read_secret
from api.issuers.payloads import CONTENT, ECDH, RSA, encrypted, read_private_key, signed_payload
from api.issuers.signatures import SCHEMES, sign_timed
from api.issuers.table import ISSUERS
from cli.simulation import calls_of
from tests.issuers.hooked import at, call, hooked
from tests.jwks import JwksServer, handmade, jwk, private, public_pem
from tests.service import Running, running

pytestmark = pytest.mark.anyio

CALL = msgspec.json.encode(calls_of(ISSUERS["zitadel"])["preuserinfo"])
KEY = "zitadel-signing-key"
RULE = "context.idToken['https://example.com/a'] = context.issuer.request.function"
ANSWER = {"append_claims": [{"key": "https://example.com/a", "value": "function/preuserinfo"}]}
PASSED, REFUSED = (200, ANSWER), (401, {"error": "invalid_signature"})


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("payloads")) as service:
        yield service


@pytest.fixture(scope="module")
def keys() -> Iterator[JwksServer]:
    server = JwksServer()
    yield server
    server.close()


def pem(key: Any) -> str:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()  # type: ignore[no-any-return]


OURS: dict[str, str] = {
    "P-256": pem(ec.generate_private_key(ec.SECP256R1())),
    "P-384": pem(ec.generate_private_key(ec.SECP384R1())),
    "P-521": pem(ec.generate_private_key(ec.SECP521R1())),
    "RSA": pem(rsa.generate_private_key(65_537, 2_048)),
}
MINE = read_private_key(OURS["P-256"])


def of_jwt(keys: JwksServer, **changed: Any) -> dict[str, Any]:
    return {"type": "jwt_payload", "value": KEY, "jwks_url": keys.url, **changed}


def of_jwe(keys: JwksServer, key: str = "P-256", **changed: Any) -> dict[str, Any]:
    return {**of_jwt(keys), "type": "jwe_payload", "private_key": OURS[key], **changed}


def jws(payload: bytes = CALL, key: str = "rsa", alg: str = "RS256", kid: str | None = None) -> bytes:
    return signed_payload(payload, private(key), kid or key, alg)


def jwe(content: bytes | None = None, key: str = "P-256") -> bytes:
    return encrypted(jws() if content is None else content, read_private_key(OURS[key]), "344649040681500814")


async def ready(service: Running, **secrets: dict[str, Any]) -> str:
    return await hooked(service, "zitadel", secrets=secrets, rules=[RULE])


async def sent(
    service: Running, tenant: str, body: bytes, *, key: str = KEY, over: bytes | None = None, when: float | None = None
) -> tuple[int, Any]:
    """The status and the answer; `over` is what is signed in place of the body."""
    shown = sign_timed(SCHEMES["zitadel"], key, body if over is None else over, time.time() if when is None else when)
    response = await call(service, "zitadel", tenant, {"content-type": "application/json", **shown}, body)
    if response.status_code == 401:
        assert "claimsmith-execution" not in response.headers
    return response.status_code, response.json()


async def reason(service: Running, tenant: str) -> str:
    """Why the last call was refused, as the API says it."""
    (one,) = [
        one
        for one in (await service.call("GET", "/v1/issuers", tenant=tenant)).json()["issuers"]
        if one["name"] == "zitadel"
    ]
    return str(one["last_call"]["error"])


# What is understood


@pytest.mark.parametrize(("key", "alg"), [("rsa", "RS256"), ("ec", "ES256"), ("ed", "EdDSA")])
async def test_a_call_in_a_jwt(service: Running, keys: JwksServer, key: str, alg: str) -> None:
    tenant = await ready(service, key=of_jwt(keys))
    assert await sent(service, tenant, jws(key=key, alg=alg)) == PASSED


@pytest.mark.parametrize("key", OURS)
async def test_a_call_in_a_jwe(service: Running, keys: JwksServer, key: str) -> None:
    tenant = await ready(service, key=of_jwe(keys, key))
    assert await sent(service, tenant, jwe(key=key)) == PASSED


@pytest.mark.parametrize(("key", "alg"), [("RSA", RSA), ("P-256", ECDH), ("P-521", ECDH)])
async def test_what_another_library_makes(service: Running, keys: JwksServer, key: str, alg: str) -> None:
    """The header in Zitadel's order (go-jose), and whatever it means by `kid` of a JWE: a name of its own."""
    tenant = await ready(service, key=of_jwe(keys, key))
    signing = other_jwk.JWK.from_pyca(private("rsa"))
    inside = other_jws.JWS(CALL)
    inside.add_signature(signing, None, json.dumps({"alg": "RS256", "kid": "rsa", "typ": "JWT"}))
    header = {"alg": alg, "cty": "JWT", "enc": CONTENT, "kid": "344649040681500814", "typ": "JWT"}
    outside = other_jwe.JWE(inside.serialize(compact=True).encode(), json.dumps(header))
    outside.add_recipient(other_jwk.JWK.from_pem(read_private_key(OURS[key]).public.encode()))
    assert await sent(service, tenant, outside.serialize(compact=True).encode()) == PASSED


async def test_other_strengths_of_web_keys(service: Running) -> None:
    server = JwksServer()
    try:
        for name, made, alg in (
            ("ec-384", ec.generate_private_key(ec.SECP384R1()), "ES384"),
            ("ec-521", ec.generate_private_key(ec.SECP521R1()), "ES512"),
            ("rsa-384", private("rsa"), "RS384"),
            ("rsa-512", private("rsa"), "RS512"),
        ):
            public = json.loads(other_jwk.JWK.from_pyca(made).export_public())
            server.document = {"keys": [{**public, "kid": name, "alg": alg, "use": "sig"}]}
            tenant = await ready(service, key=of_jwt(server, jwks_url=f"{server.url}?{name}"))
            assert await sent(service, tenant, signed_payload(CALL, made, name, alg)) == PASSED, alg
            # by another hash than the published one
            other = {"ES384": "RS256", "ES512": "RS256", "RS384": "RS256", "RS512": "RS384"}[alg]
            signer = made if alg[0] == other[0] else private("rsa")
            assert await sent(service, tenant, signed_payload(CALL, signer, name, other)) == REFUSED, alg
    finally:
        server.close()


async def test_a_large_call(service: Running, keys: JwksServer) -> None:
    """As large as a body can be, and in no more time than a login may take."""
    body = msgspec.json.decode(CALL)
    body["org"] = {"id": "1", "name": "x" * 500_000}
    tenant = await ready(service, key=of_jwe(keys, "RSA"))
    large = jwe(jws(json.dumps(body).encode()), "RSA")
    assert 850_000 < len(large) < 1_000_000
    began = time.monotonic()
    assert await sent(service, tenant, large) == PASSED
    assert time.monotonic() - began < 2


# Secrets


async def test_a_key_is_made_here_and_never_read(
    service: Running, keys: JwksServer, capsys: pytest.CaptureFixture[str]
) -> None:
    tenant = await ready(service)
    path = "/v1/issuers/zitadel/secrets/made"
    body = {name: value for name, value in of_jwe(keys).items() if name != "private_key"}
    answer = (await service.call("PUT", path, body, tenant=tenant)).json()
    listed = (await service.call("GET", "/v1/issuers/zitadel/secrets", tenant=tenant)).json()["secrets"]
    assert answer["public_key"].startswith("-----BEGIN PUBLIC KEY-----\n")
    assert [one["public_key"] for one in listed] == [answer["public_key"]]
    stored = service.service.hook_secrets.live(tenant, "zitadel")["made"]
    assert isinstance(stored, JwePayload)
    await service.add("one", RULE, tenant=tenant)
    assert await sent(service, tenant, encrypted(jws(), stored.key, "k")) == PASSED
    again = (await service.call("PUT", path, body, tenant=tenant)).json()
    assert again["public_key"] != answer["public_key"]
    assert await sent(service, tenant, encrypted(jws(), stored.key, "k")) == REFUSED
    logged = capsys.readouterr()
    audit = (await service.call("GET", "/v1/audit", tenant=tenant)).text
    for shown in (str(answer), str(listed), logged.out, logged.err, audit, repr(stored), repr(stored.key)):
        assert "PRIVATE" not in shown
        assert stored.private_key.splitlines()[1] not in shown
        assert KEY not in shown


WRONG_KEYS: list[tuple[Callable[[], str], str]] = [
    (lambda: "s3cr3t", "a private key is PEM"),
    (lambda: MINE.public, "a private key is PEM"),
    (lambda: OURS["P-256"][:-60] + "s3cr3t" * 10, "a private key is PEM"),
    (lambda: "s3cr3t" * 2_000, "a private key has at most 8192 characters"),
    (lambda: pem(rsa.generate_private_key(65_537, 1_024)), "2048 to 4096 bits; this has 1024"),
    (lambda: pem(ed25519.Ed25519PrivateKey.generate()), "RSA, or on one of the curves P-256, P-384, P-521"),
    (lambda: pem(ec.generate_private_key(ec.SECP256K1())), "RSA, or on one of the curves P-256, P-384, P-521"),
    (
        lambda: (
            private("ec")
            .private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.BestAvailableEncryption(b"s3cr3t"),
            )
            .decode()
        ),
        "without a password",
    ),
]


@pytest.mark.parametrize(("made", "said"), WRONG_KEYS)
async def test_what_is_no_private_key(service: Running, keys: JwksServer, made: Callable[[], str], said: str) -> None:
    tenant, text = await ready(service), made()
    response = await service.call("PUT", "/v1/issuers/zitadel/secrets/a", of_jwe(keys, private_key=text), tenant=tenant)
    assert response.status_code == 400
    assert said in response.json()["error_description"]
    assert "s3cr3t" not in response.text
    assert (text.splitlines()[1:2] or ["s3cr3t"])[0] not in response.text


async def test_two_keys_during_a_rotation(service: Running, keys: JwksServer) -> None:
    tenant = await ready(service, old=of_jwe(keys, "RSA"), new=of_jwe(keys, "P-256"), third=of_jwe(keys, "P-384"))
    for key in ("RSA", "P-256", "P-384"):
        assert await sent(service, tenant, jwe(key=key)) == PASSED
    assert (await service.call("DELETE", "/v1/issuers/zitadel/secrets/old", tenant=tenant)).status_code == 204
    assert await sent(service, tenant, jwe(key="RSA")) == REFUSED
    assert await reason(service, tenant) == "payload"
    assert await sent(service, tenant, jwe(key="P-256")) == PASSED


async def test_from_one_type_to_another(service: Running, keys: JwksServer) -> None:
    """The target keeps its signing key; each body is for the secret that asks for it."""
    tenant = await ready(service, a={"type": "signing_key", "value": KEY}, b=of_jwt(keys), c=of_jwe(keys))
    for body in (CALL, jws(), jwe()):
        assert await sent(service, tenant, body) == PASSED
    for secret, body in (("a", CALL), ("b", jws()), ("c", jwe())):
        await service.call("DELETE", f"/v1/issuers/zitadel/secrets/{secret}", tenant=tenant)
        assert await sent(service, tenant, body) == REFUSED


# The signature over what is sent


async def test_the_signature_is_over_the_body_as_it_came(service: Running, keys: JwksServer) -> None:
    secrets = {"jwt": of_jwt(keys), "jwe": of_jwe(keys)}
    for kind, body in (("jwt", jws()), ("jwe", jwe())):
        tenant = await ready(service, key=secrets[kind])
        assert await sent(service, tenant, body, over=CALL) == REFUSED
        assert await sent(service, tenant, body, over=jws(key="ec", alg="ES256")) == REFUSED
        assert await sent(service, tenant, body, key="another-signing-key") == REFUSED
        assert await reason(service, tenant) == "signature"
        assert await sent(service, tenant, body, when=time.time() - 302) == REFUSED
        assert await reason(service, tenant) == "stale"
        response = await call(service, "zitadel", tenant, {"content-type": "application/json"}, body)
        assert response.status_code == 401
        assert await reason(service, tenant) == "unsigned"
        assert await sent(service, tenant, body) == PASSED


async def test_the_log_says_why_and_repeats_nothing(
    service: Running, keys: JwksServer, capsys: pytest.CaptureFixture[str]
) -> None:
    tenant = await ready(service, key=of_jwe(keys))
    capsys.readouterr()
    assert await sent(service, tenant, jwe(jws(key="rsa-other"))) == REFUSED
    logged = capsys.readouterr().out
    assert "the JWS is signed with a key that its issuer does not publish" in logged
    for secret in (KEY, OURS["P-256"].splitlines()[1], "eyJ"):
        assert secret not in logged


async def test_a_stranger_has_no_key_looked_at(
    service: Running, keys: JwksServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither is a body opened nor a key fetched for who has not signed it."""
    tenant = await ready(service, a=of_jwt(keys), b=of_jwe(keys), c=of_jwe(keys, "RSA"))
    assert await sent(service, tenant, jws()) == PASSED

    def opened(*given: object) -> None:
        raise AssertionError("it is opened")

    asked = keys.asked
    monkeypatch.setattr("api.issuers.secrets.decrypted", opened)
    monkeypatch.setattr("api.issuers.key_sets.jws_header", opened)
    for body in (jws(), jwe(), jws(kid="unknown"), CALL, b""):
        assert await sent(service, tenant, body, key="another-signing-key") == REFUSED
    assert keys.asked == asked


async def test_a_call_to_one_tenant_is_none_to_another(service: Running, keys: JwksServer) -> None:
    """Both have targets at one instance, whose web keys sign all calls: the signing key is each target's own."""
    one, other = (
        await ready(service, key=of_jwt(keys)),
        await ready(service, key=of_jwt(keys, value="of-the-other-target")),
    )
    assert await sent(service, one, jws()) == PASSED
    assert await sent(service, other, jws()) == REFUSED
    assert await sent(service, other, jws(), key="of-the-other-target") == PASSED


# Attacks by who can sign what goes over the wire


def b64(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def with_header(body: bytes, header: Any) -> bytes:
    return b".".join([b64(header).encode(), *body.split(b".")[1:]])


def with_payload(encoded: bytes) -> bytes:
    header, _, signature = jws().split(b".")
    return b".".join([header, encoded, signature])


def by_hand(header: dict[str, Any], payload: bytes = CALL, key: str = "rsa") -> bytes:
    """A JWS with a good signature of RS256, whatever its header says."""
    signing = f"{b64(header)}.{b64(payload)}".encode()
    algorithm = RSAAlgorithm(RSAAlgorithm.SHA256)
    return signing + b"." + b64(algorithm.sign(signing, private(key))).encode()


GOOD = {"alg": "RS256", "kid": "rsa", "typ": "JWT"}
PAYLOAD = msgspec.json.decode(CALL)
JWS_ATTACKS: dict[str, Callable[[], bytes]] = {
    "no algorithm": lambda: handmade({**GOOD, "alg": "none"}, PAYLOAD, b"").encode(),
    "no algorithm and no signature": lambda: (
        handmade({**GOOD, "alg": "none"}, PAYLOAD, b"").rpartition(".")[0].encode() + b"."
    ),
    "NoNe": lambda: handmade({**GOOD, "alg": "NoNe"}, PAYLOAD, b"").encode(),
    "HS256 with the public key": lambda: handmade({**GOOD, "alg": "HS256"}, PAYLOAD, public_pem()).encode(),
    "HS256 with the signing key": lambda: handmade({**GOOD, "alg": "HS256"}, PAYLOAD, KEY.encode()).encode(),
    "RS256 that is an HMAC": lambda: handmade(GOOD, PAYLOAD, public_pem()).encode(),
    "ES256 of the key of RSA": lambda: with_header(jws(), {**GOOD, "alg": "ES256"}),
    "PS256": lambda: by_hand({**GOOD, "alg": "PS256"}),
    "an algorithm that is no text": lambda: by_hand({**GOOD, "alg": ["RS256"]}),
    "an unknown key": lambda: jws(key="rsa-other"),
    "an unknown key by a known name": lambda: jws(key="rsa-other", kid="rsa"),
    "the name of another key": lambda: jws(kid="ec"),
    "a name that is no text": lambda: by_hand({**GOOD, "kid": 1}),
    "a name with a path": lambda: by_hand({**GOOD, "kid": "../../rsa"}),
    "its own key": lambda: by_hand({**GOOD, "jwk": jwk("rsa-other")}, key="rsa-other"),
    "its own keys' address": lambda: by_hand({**GOOD, "jku": "https://evil.example.com/keys"}),
    "its own certificate": lambda: by_hand({**GOOD, "x5c": ["AAAA"]}),
    "a critical member": lambda: by_hand({**GOOD, "crit": ["exp"], "exp": 1}),
    "a payload that is not encoded": lambda: by_hand({**GOOD, "b64": False, "crit": ["b64"]}),
    "compressed": lambda: by_hand({**GOOD, "zip": "DEF"}),
    "an access token": lambda: by_hand({**GOOD, "typ": "at+jwt"}),
    "a logout token": lambda: by_hand({**GOOD, "typ": "logout+jwt"}),
    "a header of megabytes": lambda: by_hand({**GOOD, "kid": "x" * 500_000}),
    "a header that is a list": lambda: by_hand([GOOD]),  # type: ignore[arg-type]
    "a header that is nested": lambda: b64(b"[" * 700).encode() + b"." + jws().partition(b".")[2],
    "a header that is no JSON": lambda: b64(b"\xff\xfe").encode() + b"." + jws().partition(b".")[2],
    "another payload": lambda: b".".join(
        [jws().split(b".")[0], b64(PAYLOAD | {"org": {}}).encode(), jws().split(b".")[2]]
    ),
    "no payload": lambda: b".".join([jws().split(b".")[0], b"", jws().split(b".")[2]]),
    "half a signature": lambda: jws()[:-100],
    "an ID token of the instance": lambda: jws(json.dumps(PAYLOAD | {"iss": "https://acme.zitadel.cloud"}).encode()),
    "a token for another audience": lambda: jws(json.dumps(PAYLOAD | {"aud": "another"}).encode()),
    "an expired token": lambda: jws(json.dumps(PAYLOAD | {"exp": 1}).encode()),
    "a token without an end": lambda: jws(json.dumps(PAYLOAD | {"sub": "1"}).encode()),
    "a call that is not signed inside": lambda: CALL,
    "a JWE": lambda: jwe(),
    "in JSON": lambda: json.dumps({"payload": b64(CALL), "protected": b64(GOOD), "signature": "AA"}).encode(),
    "with a line end": lambda: jws() + b"\n",
    "with a space before it": lambda: b" " + jws(),
    "padded": lambda: jws().replace(b".", b"=.", 1),
    "in base64 that is not for addresses": lambda: jws()[:-4] + b"+/+/",
    "a fourth part": lambda: jws() + b"." + b64(b"x").encode(),
    "a byte that is no text": lambda: jws() + b"\xff",
    "nothing": lambda: b"",
    "dots": lambda: b".." * 100_000,
}


@pytest.mark.parametrize("attack", JWS_ATTACKS)
async def test_a_body_that_is_no_jwt_of_the_instance(service: Running, keys: JwksServer, attack: str) -> None:
    body = JWS_ATTACKS[attack]()
    tenant = await ready(service, key=of_jwt(keys))
    assert await sent(service, tenant, body) == REFUSED
    assert await reason(service, tenant) in ("payload", "credentials")
    if body.count(b".") == 2 and attack != "dots":
        tenant = await ready(service, key=of_jwe(keys))
        assert await sent(service, tenant, jwe(body)) == REFUSED


JWE_HEADER = {"alg": ECDH, "enc": CONTENT, "kid": "1", "typ": "JWT", "cty": "JWT"}


def epk(curve: ec.EllipticCurve, **changed: Any) -> dict[str, Any]:
    made = json.loads(other_jwk.JWK.from_pyca(ec.generate_private_key(curve)).export_public())
    return {**made, **changed}


def other(header: dict[str, Any], key: Any, content: bytes | None = None) -> bytes:
    """A JWE by another library, which makes more than we take."""
    algs = [*other_jwe.default_allowed_algs, "RSA1_5", "RSA-OAEP", "A128CBC-HS256", "dir"]
    made = other_jwe.JWE(jws() if content is None else content, json.dumps(header), algs=algs)
    made.add_recipient(key)
    return str(made.serialize(compact=True)).encode()


def of(key: str) -> Any:
    return other_jwk.JWK.from_pem(read_private_key(OURS[key]).public.encode())


def changed_part(number: int, body: bytes | None = None) -> bytes:
    parts = (jwe() if body is None else body).split(b".")
    raw = bytearray(base64.urlsafe_b64decode(parts[number] + b"=="))
    raw[-1] ^= 1
    parts[number] = b64(bytes(raw)).encode()
    return b".".join(parts)


PASSWORD = other_jwk.JWK(kty="oct", k=b64(b"x" * 32))
JWE_ATTACKS: dict[str, Callable[[], bytes]] = {
    "to another key": lambda: encrypted(jws(), read_private_key(pem(ec.generate_private_key(ec.SECP256R1()))), "1"),
    "to a key on another curve": lambda: jwe(key="P-384"),
    "to a key of RSA": lambda: jwe(key="RSA"),
    "a point of another curve": lambda: with_header(jwe(), JWE_HEADER | {"epk": epk(ec.SECP384R1())}),
    "another curve by the name of ours": lambda: with_header(
        jwe(), JWE_HEADER | {"epk": epk(ec.SECP384R1(), crv="P-256")}
    ),
    "a point that is not on the curve": lambda: with_header(
        jwe(), JWE_HEADER | {"epk": epk(ec.SECP256R1(), y=b64(b"\1" * 32))}
    ),
    "the point at infinity": lambda: with_header(
        jwe(), JWE_HEADER | {"epk": epk(ec.SECP256R1(), x=b64(b"\0" * 32), y=b64(b"\0" * 32))}
    ),
    "a private key in the header": lambda: with_header(
        jwe(), JWE_HEADER | {"epk": epk(ec.SECP256R1(), d=b64(b"\1" * 32))}
    ),
    "no point": lambda: with_header(jwe(), JWE_HEADER),
    "a password, and a billion rounds": lambda: with_header(
        jwe(), {"alg": "PBES2-HS512+A256KW", "enc": CONTENT, "p2c": 1_000_000_000, "p2s": "AAAAAAAAAAAAAAAA"}
    ),
    "rounds beside our algorithm": lambda: with_header(
        jwe(), JWE_HEADER | {"epk": epk(ec.SECP256R1()), "p2c": 1_000_000_000, "p2s": "AAAA"}
    ),
    "compressed": lambda: other(JWE_HEADER | {"zip": "DEF"}, of("P-256"), jws() + b"A" * 900_000),
    "direct": lambda: other({"alg": "dir", "enc": CONTENT}, PASSWORD),
    "the agreed key itself": lambda: other(JWE_HEADER | {"alg": "ECDH-ES"}, of("P-256")),
    "a weaker wrap": lambda: other(JWE_HEADER | {"alg": "ECDH-ES+A128KW"}, of("P-256")),
    "another encryption": lambda: other(JWE_HEADER | {"enc": "A128CBC-HS256"}, of("P-256")),
    "a shorter key": lambda: other(JWE_HEADER | {"enc": "A128GCM"}, of("P-256")),
    "who sent it": lambda: other(JWE_HEADER | {"apu": "QQ", "apv": "Qg"}, of("P-256")),
    "a changed header": lambda: with_header(
        jwe(), json.loads(base64.urlsafe_b64decode(jwe().split(b".")[0] + b"==")) | {"kid": "2"}
    ),
    "a changed key": lambda: changed_part(1),
    "a changed beginning": lambda: changed_part(2),
    "changed content": lambda: changed_part(3),
    "a changed tag": lambda: changed_part(4),
    "half a tag": lambda: jwe()[:-12],
    "no tag": lambda: jwe().rpartition(b".")[0] + b".",
    "twice encrypted": lambda: jwe(jwe()),
    "a call that is not signed": lambda: jwe(CALL),
    "a call signed by a stranger": lambda: jwe(jws(key="rsa-other")),
    "not encrypted": lambda: jws(),
    "neither encrypted nor signed": lambda: CALL,
    "nothing inside": lambda: jwe(b""),
    "a sixth part": lambda: jwe() + b".AAAA",
}


@pytest.mark.parametrize("attack", JWE_ATTACKS)
async def test_a_body_that_is_no_jwe_to_us(service: Running, keys: JwksServer, attack: str) -> None:
    body = JWE_ATTACKS[attack]()
    tenant = await ready(service, key=of_jwe(keys))
    began = time.monotonic()
    assert await sent(service, tenant, body) == REFUSED
    assert time.monotonic() - began < 1
    assert await reason(service, tenant) == "payload"


@pytest.mark.parametrize("alg", ["RSA1_5", "RSA-OAEP"])
async def test_other_ways_to_encrypt_to_a_key_of_rsa(service: Running, keys: JwksServer, alg: str) -> None:
    tenant = await ready(service, key=of_jwe(keys, "RSA"))
    assert await sent(service, tenant, other(JWE_HEADER | {"alg": alg}, of("RSA"))) == REFUSED
    assert await sent(service, tenant, other(JWE_HEADER | {"alg": RSA}, of("RSA"))) == PASSED
    assert await sent(service, tenant, changed_part(1, jwe(key="RSA"))) == REFUSED


@pytest.mark.parametrize("inside", [b"a.b.c", b"[]", b"nothing", b'{"function": 1}', b"\xff", b"[" * 5_000])
async def test_what_is_inside_is_a_call(service: Running, keys: JwksServer, inside: bytes) -> None:
    """It is the instance that says so, and what it says cannot be understood."""
    for secret, body in ((of_jwt(keys), jws(inside)), (of_jwe(keys), jwe(jws(inside)))):
        tenant = await ready(service, key=secret)
        status, answer = await sent(service, tenant, body)
        assert (status, answer["error"]) == (400, "invalid_request")


async def test_a_member_twice(service: Running, keys: JwksServer) -> None:
    tenant = await ready(service, key=of_jwt(keys))
    twice = CALL.replace(b'{"function"', b'{"function":"function/preaccesstoken","function"', 1)
    assert (await sent(service, tenant, jws(twice)))[0] == 400
    header = b'{"alg":"none","alg":"RS256","kid":"rsa"}'
    assert await sent(service, tenant, b64(header).encode() + b"." + jws().partition(b".")[2]) == REFUSED


async def test_web_keys_that_cannot_be_fetched(service: Running) -> None:
    server = JwksServer()
    server.status = 500
    try:
        for secret, body in ((of_jwt(server), jws()), (of_jwe(server), jwe())):
            tenant = await ready(service, key=secret)
            assert (await sent(service, tenant, body))[0] == 503
            assert await sent(service, tenant, body, key="another-signing-key") == REFUSED
    finally:
        server.close()


async def test_a_time_of_the_future(service: Running, keys: JwksServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A JWS says no time, so it is the signature's that counts."""
    tenant, body = await ready(service, key=of_jwt(keys)), jws()
    for ahead, answer in ((300, PASSED), (301, REFUSED), (-300, PASSED), (-301, REFUSED)):
        at(monkeypatch, 1_795_770_000.0 + ahead)
        assert await sent(service, tenant, body, when=1_795_770_000.0) == answer


def test_what_is_stored_can_be_read() -> None:
    stored = {"type": "jwt_payload", "value": "x" * 16, "jwks_url": "https://a.example.com/oauth/v2/keys"}
    read = read_secret(msgspec.json.encode(stored))
    assert (type(read), read.weak, read.public_key) == (JwtPayload, False, None)
    sealed = read_secret(msgspec.json.encode({**stored, "type": "jwe_payload", "private_key": OURS["RSA"]}))
    assert (type(sealed), sealed.public_key) == (JwePayload, read_private_key(OURS["RSA"]).public)
