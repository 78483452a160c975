"""Attacks on the sign-in by OpenID Connect: an issuer that lies, answers that nobody asked for, and no answer."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import msgspec
import pytest

from api.console.openid import Flow
from tests.console.liar import AUDIENCE, Liar
from tests.console.visitor import Visitor, set_cookies
from tests.jwks import handmade, public_pem
from tests.service import Running, running

pytestmark = pytest.mark.anyio

BEGIN, CALLBACK, FLOW = "/console/sign-in/issuer", "/console/sign-in/callback", "claimsmith_flow"


@pytest.fixture(scope="module")
def issuer() -> Iterator[Liar]:
    issuer = Liar()
    yield issuer
    issuer.close()


@pytest.fixture(scope="module")
async def service(issuer: Liar, tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    parameters = {"CLAIMSMITH_OIDC_PARAMETERS": f"resource={AUDIENCE}", "CLAIMSMITH_OIDC_SCOPE": "openid admin"}
    async with running(tmp_path_factory.mktemp("x"), issuer.environ(**parameters)) as service:
        yield service


@pytest.fixture
def visitor(service: Running, issuer: Liar) -> Visitor:
    issuer.honest()
    known = service.service.openid
    assert known is not None
    known._until = known._failed = float("-inf")  # as if time had passed
    return Visitor(service)


async def begin(visitor: Visitor, issuer: Liar, **options: Any) -> dict[str, str]:
    """To the issuer; the parameters with which the browser comes there."""
    response = await visitor.ask("GET", BEGIN, **options)
    assert response.status_code == 303, response.text
    parts = urlsplit(response.headers["location"])
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{issuer.url}/authorize"
    query = {name: value for name, (value,) in parse_qs(parts.query, strict_parsing=True).items()}
    issuer.nonce = query["nonce"]
    return query


async def come_back(visitor: Visitor, issuer: Liar, sent: dict[str, str], **answer: str | None) -> httpx2.Response:
    given = {"code": "a-code", "state": sent["state"], "iss": issuer.url, **answer}
    params = {name: value for name, value in given.items() if value is not None}
    return await visitor.ask("GET", CALLBACK, params=params)


def said(response: httpx2.Response) -> str:
    _, _, rest = response.text.partition('id="said">')
    return rest.partition("</p>")[0].replace("&#39;", "'")


async def test_in_by_the_issuer(visitor: Visitor, issuer: Liar) -> None:
    page = await visitor.ask("GET", "/console/sign-in", params={"next": "/console/t/default/rules?a=b&c"})
    link = f'href="{BEGIN}?next=/console/t/default/rules%3Fa%3Db%26c">Sign in with {urlsplit(issuer.url).netloc}</a>'
    assert link in page.text
    sent = await begin(visitor, issuer, params={"next": "/console/t/default/rules?a=b"})
    verifier = sent.pop("code_challenge")
    for name in ("state", "nonce"):
        assert len(sent.pop(name)) == 43
    assert sent == {
        "kind": "login",
        "resource": AUDIENCE,
        "response_type": "code",
        "client_id": "console",
        "redirect_uri": "http://claimsmith" + CALLBACK,
        "scope": "openid admin",
        "code_challenge_method": "S256",
    }
    sent = await begin(visitor, issuer, params={"next": "/console/t/default/rules?a=b"})
    response = await come_back(visitor, issuer, sent)
    assert (response.status_code, response.headers["location"]) == (303, "/console/t/default/rules?a=b")
    assert list(visitor.cookies) == ["claimsmith_session"]
    assert (await visitor.ask("GET", "/console/t/default/rules")).status_code == 200
    digest = hashlib.sha256(issuer.form.pop("code_verifier").encode()).digest()
    assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == sent["code_challenge"] != verifier
    assert issuer.form == {
        "grant_type": "authorization_code",
        "code": "a-code",
        "redirect_uri": "http://claimsmith" + CALLBACK,
    }
    pair = base64.b64encode(b"console:a%20secret%3A%20of%20the%20console").decode()
    assert issuer.authorization == f"Basic {pair}"


async def test_out_here_is_not_out_there(visitor: Visitor, issuer: Liar) -> None:
    await come_back(visitor, issuer, await begin(visitor, issuer))
    out = await visitor.ask("POST", "/console/sign-out", form={"csrf": await visitor.csrf()})
    page = await visitor.ask("GET", out.headers["location"])
    assert "At your issuer you are still signed in" in page.text


async def test_the_flows_cookie(visitor: Visitor, issuer: Liar) -> None:
    response = await visitor.ask("GET", BEGIN)
    (cookie,) = set_cookies(response)
    assert (cookie.key, cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (FLOW, True, "lax", "600")
    sent = parse_qs(urlsplit(response.headers["location"]).query)
    for name in ("state", "nonce"):
        assert sent[name][0] not in cookie.value
    proxy = {"Host": "console.example.com", "Sec-Fetch-Site": "same-origin"}
    response = await visitor.ask("GET", BEGIN, headers=proxy)
    (cookie,) = set_cookies(response)
    assert (cookie.key, cookie["secure"]) == ("__Host-" + FLOW, True)
    sent = parse_qs(urlsplit(response.headers["location"]).query)
    assert sent["redirect_uri"] == ["https://console.example.com" + CALLBACK]
    assert "eyJ" not in repr(Flow.begin("x", "y")) and repr(Flow.begin("x", "y")) == "<Flow>"


async def test_an_answer_that_nobody_asked_for(visitor: Visitor, issuer: Liar) -> None:
    """Somebody else's code would sign this browser in as somebody else."""
    sent = await begin(visitor, issuer)
    other = Visitor(visitor.service)
    response = await come_back(other, issuer, sent)
    assert response.status_code == 400
    assert "was not begun in this browser" in said(response)
    for state in ("", "x", sent["state"][:-1], sent["state"] + "x", "é"):
        visitor.cookies[FLOW] = visitor.service.service.sessions.seal(Flow(sent["state"], "n", "v", "c", ""))
        response = await come_back(visitor, issuer, sent, state=state)
        assert response.status_code == 400
        assert "the answer to another sign-in" in said(response)
        assert FLOW not in visitor.cookies
    assert "/token" not in issuer.asked


@pytest.mark.parametrize("age", [590, 601])  # the answer comes some time after the cookie is made
async def test_a_sign_in_that_took_too_long(visitor: Visitor, issuer: Liar, age: int) -> None:
    sessions = visitor.service.service.sessions
    sent = await begin(visitor, issuer)
    flow = sessions.open(visitor.cookies[FLOW], Flow)
    assert flow is not None
    text = sessions._seal._fernets[0].encrypt_at_time(msgspec.json.encode(flow), int(time.time()) - age)
    visitor.cookies[FLOW] = text.decode()
    response = await come_back(visitor, issuer, sent)
    assert response.status_code == (303 if age < 600 else 400)


async def test_a_code_is_used_once(visitor: Visitor, issuer: Liar) -> None:
    sent = await begin(visitor, issuer)
    kept = dict(visitor.cookies)
    assert (await come_back(visitor, issuer, sent)).status_code == 303
    assert (await come_back(visitor, issuer, sent)).status_code == 400  # by its browser: the cookie is gone
    visitor.cookies = kept
    issuer.answer = (400, {"error": "invalid_grant", "error_description": "<b>used</b>"})
    response = await come_back(visitor, issuer, sent)
    assert "does not take the code: it is used already, or too old" in said(response)
    assert "used</b>" not in response.text
    assert "claimsmith_session" not in visitor.cookies


@pytest.mark.parametrize(
    ("supported", "iss", "status"),
    [(True, None, 400), (False, None, 303), (False, "https://evil.example", 400), (True, "", 400), (True, "OWN", 303),
     (True, "OWN/", 400)],
)  # fmt: skip
async def test_the_answer_of_another_issuer(
    visitor: Visitor, issuer: Liar, supported: bool, iss: str | None, status: int
) -> None:
    issuer.metadata = {"authorization_response_iss_parameter_supported": supported}
    sent = await begin(visitor, issuer)
    response = await come_back(visitor, issuer, sent, iss=iss.replace("OWN", issuer.url) if iss else iss)
    assert response.status_code == status
    if status == 400:
        assert "This answer is of another issuer" in said(response)
        assert "/token" not in issuer.asked


@pytest.mark.parametrize(
    "lie",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"nonce": 1},
        {"iss": "https://evil.example"},
        {"aud": "another-client"},
        {"aud": ["console", "another"]},
        {"aud": ["console", "another"], "azp": "another"},
        {"azp": "another"},
        {"aud": None},
        {"exp": 1},
        {"exp": None},
        {"iat": None},
        {"iat": 2**40},
        {"sub": None},
        {"at_hash": "AAAA"},
        {"at_hash": 1},
    ],
)
async def test_an_id_token_that_lies(visitor: Visitor, issuer: Liar, lie: dict[str, Any]) -> None:
    sent = await begin(visitor, issuer)
    issuer.id_token = lie
    response = await come_back(visitor, issuer, sent)
    assert response.status_code == 400
    assert said(response).startswith("The ID token of 127.0.0.1:")
    assert "claimsmith_session" not in visitor.cookies


@pytest.mark.parametrize("key", ["rsa", "ec", "ed"])
async def test_keys_that_the_issuer_publishes(visitor: Visitor, issuer: Liar, key: str) -> None:
    issuer.key = key
    assert (await come_back(visitor, issuer, await begin(visitor, issuer))).status_code == 303


async def test_an_id_token_of_nobody(visitor: Visitor, issuer: Liar) -> None:
    """Another key, none, the public one as a secret, a key that the token brings along."""
    now = int(time.time())
    for forge in ("another", "none", "public", "garbage", "empty", "kid"):
        sent = await begin(visitor, issuer)
        status, good = issuer.tokens()
        claims = {
            "iss": issuer.url, "sub": "ann", "aud": "console", "iat": now, "exp": now + 60, "nonce": issuer.nonce,
        }  # fmt: skip
        issuer.key = "rsa-other"
        forged = {
            "another": issuer.sign(claims),
            "none": handmade({"alg": "none", "kid": "rsa"}, claims, b""),
            "public": handmade({"alg": "HS256", "kid": "rsa"}, claims, public_pem()),
            "garbage": "a.b.c",
            "empty": "",
            "kid": issuer.sign(claims, kid="unknown"),
        }[forge]
        issuer.key = "rsa"
        issuer.answer = (status, {**good, "id_token": forged})
        response = await come_back(visitor, issuer, sent)
        assert response.status_code == 400, forge
        assert said(response).startswith("The ID token of "), forge
        issuer.answer = None


@pytest.mark.parametrize(
    ("lie", "reason"),
    [
        ({"aud": "https://other.example.com"}, "the token is for another audience"),
        ({"iss": "https://other.example.com"}, "the token is from another issuer"),
        ({"exp": 1}, "the token has expired"),
        ({"tenant": "No Tenant"}, "the claim tenant of the token is not a tenant name"),
        ({"scope": ["admin"]}, "a claim of the token has the wrong type"),
    ],
)
async def test_an_access_token_that_is_not_for_us(
    visitor: Visitor, issuer: Liar, lie: dict[str, Any], reason: str
) -> None:
    sent = await begin(visitor, issuer)
    issuer.access_token = lie
    response = await come_back(visitor, issuer, sent)
    assert response.status_code == 403
    assert f"its access token is not accepted here: {reason}. It has to be a JWT" in said(response)
    assert AUDIENCE in said(response)
    assert "claimsmith_session" not in visitor.cookies


async def test_an_access_token_that_is_no_jwt(visitor: Visitor, issuer: Liar) -> None:
    sent = await begin(visitor, issuer)
    issuer.id_token = {"at_hash": None}
    status, good = issuer.tokens()
    issuer.answer = (status, {**good, "access_token": "opaque"})
    response = await come_back(visitor, issuer, sent)
    assert "not accepted here: the token is not a well-formed JWT" in said(response)


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ((200, {"access_token": "x"}), "has given no ID token"),
        ((200, b"<html>"), "has given no ID token"),
        ((200, b"[]"), "has given no ID token"),
        ((401, {"error": "invalid_client"}), "does not know Claimsmith by its client id and secret"),
        ((500, b"\xff"), "gives no tokens just now"),
        ((400, {"error": {"a": 1}}), "gives no tokens just now"),
        ((302, b""), "gives no tokens just now"),
        ((200, b" " * 300_000), "cannot be reached just now"),
    ],
)
async def test_no_tokens(visitor: Visitor, issuer: Liar, answer: Any, text: str) -> None:
    sent = await begin(visitor, issuer)
    issuer.answer = answer
    response = await come_back(visitor, issuer, sent)
    assert response.status_code == 400
    assert text in said(response)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("access_denied", "was refused or called off"),
        ("login_required", "wants you to sign in there first"),
        ("invalid_scope", "is set up in another way"),
        ("<script>alert(1)</script>", "could not sign you in"),
        ("", "could not sign you in"),
    ],
)
async def test_errors_in_our_own_words(visitor: Visitor, issuer: Liar, code: str, text: str) -> None:
    sent = await begin(visitor, issuer)
    hostile = {"error": code, "error_description": "<b>Call 555-1234</b>", "error_uri": "https://evil.example"}
    response = await come_back(visitor, issuer, sent, code=None, **hostile)
    assert response.status_code == 400
    assert text in said(response)
    assert "555-1234" not in response.text and "evil.example" not in response.text and "<script>a" not in response.text
    assert "/token" not in issuer.asked


async def test_answers_that_are_none(visitor: Visitor, issuer: Liar) -> None:
    sent = await begin(visitor, issuer)
    response = await come_back(visitor, issuer, sent, code=None)
    assert "has answered without a code" in said(response)
    sent = await begin(visitor, issuer)
    response = await come_back(visitor, issuer, sent, code="x" * 9000)
    assert "is too long" in said(response)
    assert "/token" not in issuer.asked


@pytest.mark.parametrize(
    ("metadata", "text"),
    [
        ({"issuer": "https://evil.example"}, "is of another issuer"),
        ({"issuer": "OWN/"}, "is of another issuer"),
        ({"authorization_endpoint": "http://127.0.0.1:1/authorize"}, "is of another issuer"),
        ({"authorization_endpoint": "https://evil.example/authorize"}, "is of another issuer"),
        ({"authorization_endpoint": "https://OWN@evil.example/"}, "is of another issuer"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "cannot be understood"),
        ({"token_endpoint": "http://intern.example/token"}, "cannot be understood"),
        ({"token_endpoint": "file:///etc/passwd"}, "cannot be understood"),
        ({"jwks_uri": 1}, "cannot be understood"),
        (b"[]", "cannot be understood"),
        (b"<html>", "cannot be understood"),
        (b'{"issuer": "' + b"x" * 300_000 + b'"}', "cannot be reached"),
    ],
)
async def test_metadata_that_lies(visitor: Visitor, issuer: Liar, metadata: Any, text: str) -> None:
    if isinstance(metadata, dict):
        metadata = {
            name: value.replace("OWN", issuer.url) if isinstance(value, str) else value
            for name, value in metadata.items()
        }
    issuer.metadata = metadata
    response = await visitor.ask("GET", BEGIN, params={"next": "/console/t/default/rules"})
    assert response.status_code == 503
    assert text in said(response)
    assert "location" not in response.headers and not set_cookies(response)
    assert 'name="next" value="/console/t/default/rules"' in response.text


async def test_an_issuer_that_is_down(visitor: Visitor, issuer: Liar) -> None:
    issuer.status = 500
    issuer.metadata = b"down"
    for _ in range(20):
        response = await visitor.ask("GET", BEGIN)
        assert response.status_code == 503
    assert len(issuer.asked) == 1  # nobody makes us ask it again and again
    assert (await visitor.sign_in()).status_code == 303


async def test_metadata_is_kept(visitor: Visitor, issuer: Liar) -> None:
    await asyncio.gather(*(visitor.ask("GET", BEGIN) for _ in range(5)))
    await begin(visitor, issuer)
    assert issuer.asked == ["/.well-known/openid-configuration"]


@pytest.mark.parametrize("length", [900, 5000])
async def test_where_to_go_fits_into_the_cookie(visitor: Visitor, issuer: Liar, length: int) -> None:
    wanted = "/console/t/default/rules?x=" + "a" * length
    sent = await begin(visitor, issuer, params={"next": wanted})
    assert len(visitor.cookies[FLOW]) < 3800
    response = await come_back(visitor, issuer, sent)
    assert response.headers["location"] == (wanted if length < 1000 else "/console/t/default/rules")


@pytest.mark.parametrize("wanted", ["https://evil.example", "//evil.example", "/console/\\x", "javascript:alert(1)"])
async def test_it_leads_nowhere_else(visitor: Visitor, issuer: Liar, wanted: str) -> None:
    sent = await begin(visitor, issuer, params={"next": wanted})
    assert (await come_back(visitor, issuer, sent)).headers["location"] == "/console/t/default/rules"


async def test_a_public_client_and_a_secret_in_the_form(issuer: Liar, tmp_path: Any) -> None:
    issuer.honest()
    async with running(tmp_path / "public", issuer.environ(CLAIMSMITH_OIDC_CLIENT_SECRET="")) as service:
        visitor = Visitor(service)
        assert (await come_back(visitor, issuer, await begin(visitor, issuer))).status_code == 303
        assert (issuer.authorization, issuer.form["client_id"]) == (None, "console")
        assert "client_secret" not in issuer.form
    issuer.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"]}
    async with running(tmp_path / "post", issuer.environ()) as service:
        visitor = Visitor(service)
        assert (await come_back(visitor, issuer, await begin(visitor, issuer))).status_code == 303
        assert (issuer.authorization, issuer.form["client_secret"]) == (None, "a secret: of the console")
        assert "a secret" not in repr(service.service.settings)


async def test_where_it_is_not_set_up(tmp_path: Any) -> None:
    async with running(tmp_path) as service:
        visitor = Visitor(service)
        assert "Sign in with" not in (await visitor.ask("GET", "/console/sign-in")).text
        for path in (BEGIN, CALLBACK):
            response = await visitor.ask("GET", path)
            assert response.status_code == 404
            assert "is not set up here" in said(response)
