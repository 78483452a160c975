"""The demo issuer, against a Claimsmith that says whatever the test tells it to."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import jwt
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from examples import claims_hook, issuer
from examples.claims_hook import apply_update
from examples.directory import USERS
from examples.issuer import create_issuer
from examples.second_factor import STEP, code_at

pytestmark = pytest.mark.anyio

URL = "https://issuer.example.com"
CALLBACK = "http://127.0.0.1:8300/callback"
CLIENT = ("demo-app", "demo-secret")
LOGIN = {"grant_type": "password", "username": "ada", "password": "analytical", "scope": "openid"}
VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
AUTHORIZE = {
    "response_type": "code",
    "client_id": "demo-app",
    "redirect_uri": CALLBACK,
    "scope": "openid profile",
    "state": "s1",
    "nonce": "n1",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


def answer(decision: str = "allow", **parts: Any) -> dict[str, Any]:
    claims: dict[str, Any] | None = {} if decision == "allow" else None
    base: dict[str, Any] = {
        "execution_id": "01JX",
        "revision": 1,
        "decision": decision,
        "idToken": claims,
        "accessToken": claims,
        "updates": {"user_metadata": None, "app_metadata": None},
        "redirect": None,
        "multifactor": None,
        "denial": None,
        "warnings": [],
    }
    return base | parts


@dataclass
class FakeClaimsmith:
    """Answers every call with `says` (JSON, or a whole response) and keeps what it was sent."""

    says: dict[str, Any] | Response = field(default_factory=answer)
    sleeps: float = 0.0
    asked: list[dict[str, Any]] = field(default_factory=list)
    authorization: str | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        assert (request.method, request.url.path) == ("POST", "/v1/execute")
        self.authorization = request.headers.get("authorization")
        self.asked.append(await request.json())
        await asyncio.sleep(self.sleeps)
        response = self.says if isinstance(self.says, Response) else JSONResponse(self.says)
        await response(scope, receive, send)


@pytest.fixture
def claimsmith() -> FakeClaimsmith:
    return FakeClaimsmith()


@pytest.fixture
async def http(claimsmith: FakeClaimsmith) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the issuer, which in turn is a client of the fake."""
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(claimsmith)) as inner:
        app = create_issuer("http://claimsmith/v1/execute", "secret-token", URL, http=inner)
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=URL) as outer:
            yield outer


async def token(http: httpx2.AsyncClient, **form: str) -> httpx2.Response:
    return await http.post("/oauth/token", data=LOGIN | form, auth=CLIENT)


async def claims(http: httpx2.AsyncClient, signed: str, audience: str) -> dict[str, Any]:
    """What is in a token whose signature, issuer and audience the published key confirms."""
    metadata = (await http.get("/.well-known/openid-configuration")).json()
    keys = jwt.PyJWKSet.from_dict((await http.get(metadata["jwks_uri"])).json())
    key = keys[jwt.get_unverified_header(signed)["kid"]]
    decoded: dict[str, Any] = jwt.decode(
        signed, key, algorithms=["RS256"], audience=audience, issuer=metadata["issuer"]
    )
    return decoded


async def id_claims(http: httpx2.AsyncClient, response: httpx2.Response) -> dict[str, Any]:
    assert response.status_code == 200, response.text
    return await claims(http, response.json()["id_token"], "demo-app")


async def log_in(http: httpx2.AsyncClient, **changes: str | None) -> httpx2.Response:
    """The browser's part: the form of /authorize, sent with Ada's password, or that of `username`."""
    username = changes.pop("username", None) or "ada"
    query = {name: value for name, value in (AUTHORIZE | changes).items() if value is not None}
    page = await http.get("/authorize", params=query)
    if page.status_code != 200:
        return page
    form = {"authorize": page.url.query.decode(), "username": username, "password": USERS[username]["password"]}
    return await http.post("/login", data=form)


def location(response: httpx2.Response) -> tuple[str, dict[str, str]]:
    assert response.status_code == 302, response.text
    url = urlsplit(response.headers["location"])
    return f"{url.scheme}://{url.netloc}{url.path}", dict(parse_qsl(url.query))


async def exchange(http: httpx2.AsyncClient, code: str, **form: str) -> httpx2.Response:
    data = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    return await http.post("/oauth/token", data=data | {"code_verifier": VERIFIER} | form, auth=CLIENT)


# What Claimsmith is asked.


async def test_password_grant_asks_once_in_auth0s_words(http: httpx2.AsyncClient, claimsmith: FakeClaimsmith) -> None:
    data = LOGIN | {"audience": "https://api.example.com/", "client_secret": "not-this-one"}
    response = await http.post("/oauth/token", data=data, auth=CLIENT, headers={"User-Agent": "cli/1"})
    assert response.status_code == 200
    assert claimsmith.authorization == "Bearer secret-token"
    [asked] = claimsmith.asked
    methods = asked["context"]["authentication"]["methods"]
    assert asked == {
        "deadline_ms": claims_hook.DEADLINE_MS,
        "user": {
            "user_id": "demo|ada",
            "username": "ada",
            "name": "Ada Lovelace",
            "given_name": "Ada",
            "family_name": "Lovelace",
            "email": "ada@example.com",
            "email_verified": True,
            "user_metadata": {},
            "app_metadata": USERS["ada"]["app_metadata"],
        },
        "context": {
            "clientID": "demo-app",
            "clientName": "Demo App",
            "connection": "demo-users",
            "protocol": "oauth2-password",
            "request": {
                "ip": "127.0.0.1",
                "userAgent": "cli/1",
                "hostname": "issuer.example.com",
                "query": {},
                "body": {
                    "grant_type": "password",
                    "username": "ada",
                    "scope": "openid",
                    "audience": "https://api.example.com/",
                },
            },
            "stats": {"loginsCount": 1},
            "authentication": {"methods": [{"name": "pwd", "timestamp": methods[0]["timestamp"]}]},
            "idToken": {},
            "accessToken": {},
        },
    }


async def test_code_flow_asks_once_at_the_login(http: httpx2.AsyncClient, claimsmith: FakeClaimsmith) -> None:
    _, parameters = location(await log_in(http))
    assert (await exchange(http, parameters["code"])).status_code == 200
    [asked] = claimsmith.asked
    assert asked["context"]["protocol"] == "oidc-basic-profile"
    assert asked["context"]["request"]["query"] == AUTHORIZE
    assert "analytical" not in json.dumps(asked)


# What becomes of the answer.


async def test_claims_reach_the_tokens_they_were_set_on(http: httpx2.AsyncClient, claimsmith: FakeClaimsmith) -> None:
    claimsmith.says = answer(idToken={"https://x/a": [1]}, accessToken={"https://x/b": 2})
    response = await token(http, scope="openid profile email")
    body = response.json()
    access = await claims(http, body["access_token"], "https://api.example.com/")
    now = int(time.time())
    seen = await id_claims(http, response)
    assert abs(seen.pop("iat") - now) <= 2
    assert abs(seen.pop("auth_time") - now) <= 2
    assert abs(seen.pop("exp") - now - 3600) <= 2
    assert len(seen.pop("at_hash")) == 22
    assert seen == {
        "iss": URL,
        "sub": "demo|ada",
        "aud": "demo-app",
        "name": "Ada Lovelace",
        "email": "ada@example.com",
        "email_verified": True,
        "https://x/a": [1],
    }
    assert jwt.get_unverified_header(body["access_token"])["typ"] == "at+jwt"
    assert {"iat", "exp", "jti"} <= access.keys()
    assert {name: access[name] for name in access.keys() - {"iat", "exp", "jti"}} == {
        "iss": URL,
        "sub": "demo|ada",
        "aud": "https://api.example.com/",
        "client_id": "demo-app",
        "scope": "openid profile email",
        "https://x/b": 2,
    }
    assert response.headers["claimsmith-execution"] == "01JX"
    assert response.headers["cache-control"] == "no-store"


async def test_protocol_claims_always_win(http: httpx2.AsyncClient, claimsmith: FakeClaimsmith) -> None:
    forged = dict.fromkeys(
        [
            "iss",
            "sub",
            "aud",
            "exp",
            "iat",
            "nbf",
            "jti",
            "nonce",
            "azp",
            "acr",
            "amr",
            "auth_time",
            "at_hash",
        ],
        "forged",
    ) | {"client_id": "forged", "scope": "forged", "sid": "forged"}
    claimsmith.says = answer(idToken=forged, accessToken=forged)
    response = await token(http)
    access = await claims(http, response.json()["access_token"], "https://api.example.com/")
    for seen in (await id_claims(http, response), access):
        assert seen["sub"] == "demo|ada"
        assert "forged" not in seen.values()


async def test_profile_claims_are_the_rules_to_change(http: httpx2.AsyncClient, claimsmith: FakeClaimsmith) -> None:
    claimsmith.says = answer(idToken={"name": "Countess of Lovelace"})
    assert (await id_claims(http, await token(http, scope="openid profile")))["name"] == "Countess of Lovelace"


async def test_no_openid_no_id_token(http: httpx2.AsyncClient) -> None:
    assert "id_token" not in (await token(http, scope="profile")).json()


@pytest.mark.parametrize("scope", [["openid"], "openid"])
async def test_a_scope_the_rules_narrowed_is_the_scope_granted(
    http: httpx2.AsyncClient, claimsmith: FakeClaimsmith, scope: object
) -> None:
    claimsmith.says = answer(scope=scope)
    response = await token(http, scope="openid profile")
    assert response.json()["scope"] == "openid"
    assert "name" not in await id_claims(http, response)


async def test_a_lifetime_the_rules_gave_is_that_of_the_token(
    http: httpx2.AsyncClient, claimsmith: FakeClaimsmith
) -> None:
    claimsmith.says = answer(lifetime={"idToken": 300, "accessToken": 120})
    response = await token(http)
    claims = await id_claims(http, response)
    assert (claims["exp"] - claims["iat"], response.json()["expires_in"]) == (300, 120)


def denied(error: str) -> dict[str, Any]:
    return answer("deny", denial={"error": error, "description": "no", "rule": "r"})


REFUSALS: list[tuple[str, dict[str, Any] | Response, int, str]] = [
    (
        "unauthorized",
        denied("unauthorized"),
        403,
        "unauthorized",
    ),
    ("denied", denied("access_denied"), 403, "access_denied"),
    ("rule broke", denied("server_error"), 500, "server_error"),
    ("interaction", answer("deny", denial={"error": "interaction_required"}), 400, "interaction_required"),
    ("no denial", answer("deny"), 403, "access_denied"),
    ("redirect", answer("redirect", redirect={"url": "https://a.b/c"}), 400, "interaction_required"),
    ("step up", answer("step_up", multifactor={"provider": "any"}), 400, "interaction_required"),
    ("unknown decision", answer("allow_mostly", idToken={}, accessToken={}), 500, "server_error"),
    ("null decision", answer() | {"decision": None}, 500, "server_error"),
    ("no seconds", answer(lifetime={"idToken": "300"}), 500, "server_error"),
    ("null claims", answer(idToken=None), 500, "server_error"),
    ("listed claims", answer(accessToken=[]), 500, "server_error"),
    ("updates of text", answer(updates={"user_metadata": "x"}), 500, "server_error"),
    ("scope of numbers", answer(scope=7), 500, "server_error"),
    ("redirect to a script", answer("redirect", redirect={"url": "javascript:1"}), 500, "server_error"),
    ("a list", JSONResponse([]), 500, "server_error"),
    ("broken json", Response('{"decision": "allow"'), 500, "server_error"),
    ("not text", Response(b"\xff\xfe\xfa"), 500, "server_error"),
    ("deep json", Response("[" * 200_000), 500, "server_error"),
    ("201", JSONResponse(answer(), 201), 500, "server_error"),
    ("204", Response(status_code=204), 500, "server_error"),
    ("redirected", JSONResponse(answer(), 307, {"Location": "/v1/execute"}), 500, "server_error"),
    ("401", JSONResponse(answer(), 401), 500, "server_error"),
    ("429", JSONResponse(answer(), 429), 503, "temporarily_unavailable"),
    ("500", JSONResponse(answer(), 500), 503, "temporarily_unavailable"),
    ("503", JSONResponse(answer(), 503), 503, "temporarily_unavailable"),
]


@pytest.mark.parametrize(("says", "status", "error"), [row[1:] for row in REFUSALS], ids=[row[0] for row in REFUSALS])
async def test_everything_but_a_clear_allow_gives_no_token(
    http: httpx2.AsyncClient,
    claimsmith: FakeClaimsmith,
    says: dict[str, Any] | Response,
    status: int,
    error: str,
) -> None:
    claimsmith.says = says
    response = await token(http)
    assert (response.status_code, response.json()["error"]) == (status, error)
    assert response.json().keys() <= {"error", "error_description"}
    assert len(claimsmith.asked) == 1

    response = await log_in(http)
    if isinstance(says, dict) and says.get("decision") == "step_up":
        assert response.status_code == 200
        assert 'action="second-factor"' in response.text
        return
    target, parameters = location(response)
    if error == "interaction_required" and isinstance(says, dict) and says["redirect"]:
        assert target == "https://a.b/c"
    else:
        assert target == CALLBACK
        assert (parameters["error"], parameters["state"]) == (error, "s1")
    assert "code" not in parameters


async def test_a_slow_claimsmith_gives_no_token(
    http: httpx2.AsyncClient, claimsmith: FakeClaimsmith, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims_hook, "TIMEOUT_S", 0.05)
    claimsmith.sleeps = 5
    response = await token(http)
    assert (response.status_code, response.json()["error"]) == (503, "temporarily_unavailable")


async def test_an_absent_claimsmith_gives_no_token() -> None:
    app = create_issuer("http://127.0.0.1:1/v1/execute", "t", URL)  # nothing listens on port 1
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=URL) as http,
    ):
        response = await token(http)
    assert (response.status_code, response.json()["error"]) == (503, "temporarily_unavailable")


async def test_a_denial_speaks_to_the_client(http: httpx2.AsyncClient, claimsmith: FakeClaimsmith) -> None:
    denial = {"error": "unauthorized", "description": 'only "staff" \u2013 today', "rule": "staff"}
    claimsmith.says = answer("deny", denial=denial)
    response = await token(http)
    # RFC 6749 forbids quotes, backslashes and everything beyond ASCII in a description.
    assert response.json() == {"error": "unauthorized", "error_description": "only 'staff' ? today"}
    assert response.headers["claimsmith-execution"] == "01JX"


# Updates.


@pytest.mark.parametrize("decision", ["allow", "deny", "step_up"])
async def test_updates_are_kept_whatever_the_decision(
    http: httpx2.AsyncClient, claimsmith: FakeClaimsmith, decision: str
) -> None:
    first = {"user_metadata": {"a": {"b": 1}, "c": 2}, "app_metadata": {}}
    second = {"user_metadata": {"a": {"d": 3}, "c": None}, "app_metadata": None}
    claimsmith.says = answer(decision, updates=first)
    await token(http)
    claimsmith.says = answer(decision, updates=second)
    await token(http)
    await token(http)
    user = claimsmith.asked[-1]["user"]
    assert (user["user_metadata"], user["app_metadata"]) == ({"a": {"d": 3}}, {})


@pytest.mark.parametrize(
    ("patch", "after"),
    [
        (None, {"a": 1, "b": {"c": 2}}),
        ({}, {}),
        ({"a": None}, {"b": {"c": 2}}),
        ({"b": {"d": 3}}, {"a": 1, "b": {"d": 3}}),
        ({"x": 0, "y": False, "z": ""}, {"a": 1, "b": {"c": 2}, "x": 0, "y": False, "z": ""}),
    ],
)
async def test_a_patch_of_metadata(patch: dict[str, Any] | None, after: dict[str, Any]) -> None:
    assert apply_update({"a": 1, "b": {"c": 2}}, patch) == after


# The issuer's own part.


@pytest.mark.parametrize(
    ("form", "auth", "status", "error"),
    [
        ({"password": "wrong"}, CLIENT, 400, "invalid_grant"),
        ({"username": "nobody"}, CLIENT, 400, "invalid_grant"),
        ({}, ("demo-app", "wrong"), 401, "invalid_client"),
        ({}, ("nobody", "demo-secret"), 401, "invalid_client"),
        ({}, ("web-only", "web-secret"), 400, "unauthorized_client"),
        ({"grant_type": "client_credentials"}, CLIENT, 400, "unsupported_grant_type"),
        ({"scope": "openid everything"}, CLIENT, 400, "invalid_scope"),
    ],
)
async def test_who_is_not_authenticated_is_not_asked_about(
    http: httpx2.AsyncClient,
    claimsmith: FakeClaimsmith,
    form: dict[str, str],
    auth: tuple[str, str],
    status: int,
    error: str,
) -> None:
    response = await http.post("/oauth/token", data=LOGIN | form, auth=auth)
    assert (response.status_code, response.json()["error"]) == (status, error)
    assert claimsmith.asked == []


async def test_client_secret_post(http: httpx2.AsyncClient) -> None:
    form = {"client_id": "demo-app", "client_secret": "demo-secret"}
    assert (await http.post("/oauth/token", data=LOGIN | form)).status_code == 200


async def test_credentials_that_are_not_text(http: httpx2.AsyncClient) -> None:
    header = {"Authorization": "Basic " + base64.b64encode(b"\xff:\xff").decode()}
    response = await http.post("/oauth/token", data=LOGIN, headers=header)
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


async def test_code_flow_end_to_end(http: httpx2.AsyncClient, claimsmith: FakeClaimsmith) -> None:
    claimsmith.says = answer(idToken={"https://x/a": 1, "nonce": "forged"})
    target, parameters = location(await log_in(http))
    assert (target, parameters["state"]) == (CALLBACK, "s1")
    response = await exchange(http, parameters["code"])
    seen = await id_claims(http, response)
    assert (seen["nonce"], seen["https://x/a"], seen["name"]) == ("n1", 1, "Ada Lovelace")
    assert response.headers["claimsmith-execution"] == "01JX"


async def test_a_code_works_once(http: httpx2.AsyncClient) -> None:
    _, parameters = location(await log_in(http))
    assert (await exchange(http, parameters["code"])).status_code == 200
    again = await exchange(http, parameters["code"])
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"code_verifier": "w" * 64}, "invalid_grant"),
        ({"code_verifier": ""}, "invalid_request"),
        ({"redirect_uri": "http://127.0.0.1:8300/other"}, "invalid_grant"),
    ],
)
async def test_a_wrong_exchange_spends_the_code(http: httpx2.AsyncClient, form: dict[str, str], error: str) -> None:
    _, parameters = location(await log_in(http))
    response = await exchange(http, parameters["code"], **form)
    assert (response.status_code, response.json()["error"]) == (400, error)
    assert (await exchange(http, parameters["code"])).status_code == 400


async def test_a_code_is_for_its_client(http: httpx2.AsyncClient) -> None:
    _, parameters = location(await log_in(http))
    data = {"grant_type": "authorization_code", "code": parameters["code"], "redirect_uri": CALLBACK}
    response = await http.post("/oauth/token", data=data | {"code_verifier": VERIFIER}, auth=("web-only", "web-secret"))
    assert response.json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"scope": "everything"}, "invalid_scope"),
        ({"prompt": "none"}, "login_required"),
        ({"response_type": "token"}, "unsupported_response_type"),
    ],
)
async def test_a_wrong_authorization_request_goes_back_to_the_client(
    http: httpx2.AsyncClient, claimsmith: FakeClaimsmith, changes: dict[str, str | None], error: str
) -> None:
    target, parameters = location(await log_in(http, **changes))
    assert (target, parameters["error"], parameters["state"]) == (CALLBACK, error, "s1")
    # The form cannot be used to get around the check: it is made again.
    query = "&".join(f"{name}={value}" for name, value in (AUTHORIZE | changes).items() if value is not None)
    if error != "login_required":
        form = {"authorize": query, "username": "ada", "password": "analytical"}
        assert location(await http.post("/login", data=form))[1]["error"] == error
        assert claimsmith.asked == []


@pytest.mark.parametrize("changes", [{"client_id": "nobody"}, {"redirect_uri": CALLBACK + "/evil"}])
async def test_an_unknown_target_is_never_redirected_to(
    http: httpx2.AsyncClient, changes: dict[str, str | None]
) -> None:
    assert (await log_in(http, **changes)).status_code == 400


async def test_a_wrong_password_shows_the_form_again(http: httpx2.AsyncClient, claimsmith: FakeClaimsmith) -> None:
    form = {"authorize": 'a="><script>', "username": "ada", "password": "wrong"}
    response = await http.post("/login", data=form)
    assert response.status_code == 401
    assert "wrong name or password" in response.text
    assert "<script>" not in response.text
    assert claimsmith.asked == []


async def test_refresh_asks_again(http: httpx2.AsyncClient, claimsmith: FakeClaimsmith) -> None:
    first = await token(http, scope="openid profile")
    claimsmith.says = answer(idToken={"https://x/a": "new"})
    form = {"grant_type": "refresh_token", "refresh_token": first.json()["refresh_token"]}
    second = await http.post("/oauth/token", data=form, auth=CLIENT)
    before, after = await id_claims(http, first), await id_claims(http, second)
    assert after["https://x/a"] == "new"
    assert after["auth_time"] == before["auth_time"]
    context = claimsmith.asked[1]["context"]
    assert (context["protocol"], context["stats"]) == ("oauth2-refresh-token", {"loginsCount": 1})
    assert context["request"]["body"] == {"grant_type": "refresh_token"}
    spent = await http.post("/oauth/token", data=form, auth=CLIENT)
    assert spent.json()["error"] == "invalid_grant"


async def test_a_refused_refresh_keeps_the_token(http: httpx2.AsyncClient, claimsmith: FakeClaimsmith) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": (await token(http)).json()["refresh_token"]}
    claimsmith.says = JSONResponse({}, 503)
    assert (await http.post("/oauth/token", data=form, auth=CLIENT)).status_code == 503
    claimsmith.says = answer()
    assert (await http.post("/oauth/token", data=form, auth=CLIENT)).status_code == 200


async def test_one_refresh_token_gives_one_answer(http: httpx2.AsyncClient, claimsmith: FakeClaimsmith) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": (await token(http)).json()["refresh_token"]}
    claimsmith.sleeps = 0.05
    both = await asyncio.gather(*(http.post("/oauth/token", data=form, auth=CLIENT) for _ in range(2)))
    assert sorted(response.status_code for response in both) == [200, 400]


# A rule's own page.


async def redirected(http: httpx2.AsyncClient, claimsmith: FakeClaimsmith) -> str:
    claimsmith.says = answer("redirect", redirect={"url": "https://consent.example.com/?lang=en"})
    target, parameters = location(await log_in(http))
    assert (target, parameters["lang"]) == ("https://consent.example.com/", "en")
    return parameters["state"]


async def test_a_redirect_resumes_with_the_rules_run_again(
    http: httpx2.AsyncClient, claimsmith: FakeClaimsmith
) -> None:
    state = await redirected(http, claimsmith)
    claimsmith.says = answer(idToken={"https://x/consent": True})
    done = await http.post("/continue", params={"state": state}, data={"consent": "yes"})
    context = claimsmith.asked[1]["context"]
    assert context["protocol"] == "redirect-callback"
    assert context["request"]["query"] == {"state": state}
    assert context["request"]["body"] == {"consent": "yes"}
    target, parameters = location(done)
    assert (target, parameters["state"]) == (CALLBACK, "s1")
    seen = await id_claims(http, await exchange(http, parameters["code"]))
    assert (seen["https://x/consent"], seen["nonce"]) == (True, "n1")


async def test_one_page_a_login(http: httpx2.AsyncClient, claimsmith: FakeClaimsmith) -> None:
    state = await redirected(http, claimsmith)
    target, parameters = location(await http.get("/continue", params={"state": state}))
    assert (target, parameters["error"]) == (CALLBACK, "interaction_required")


@pytest.mark.parametrize("state", [None, "guessed"])
async def test_resume_needs_its_state(http: httpx2.AsyncClient, claimsmith: FakeClaimsmith, state: str | None) -> None:
    used = await redirected(http, claimsmith)
    await http.get("/continue", params={"state": used})
    response = await http.get("/continue", params={"state": state or used})
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


# A second factor.

STEP_UP = answer("step_up", multifactor={"provider": "any"})


def code(ahead: int = 0) -> str:
    """What Ada's phone shows now, or some steps later."""
    return code_at(USERS["ada"]["totp"], int(time.time()) // STEP + ahead).decode()


def state_of(page: httpx2.Response, status: int = 200) -> str:
    """The state in a form for a code."""
    assert page.status_code == status, page.text
    found = re.search(r'action="second-factor">\s*<input type="hidden" name="state" value="([^"]+)"', page.text)
    assert found, page.text
    return found[1]


async def give(http: httpx2.AsyncClient, state: str, code: str) -> httpx2.Response:
    return await http.post("/second-factor", data={"state": state, "code": code})


async def test_after_a_right_code_the_same_is_asked_with_mfa(
    http: httpx2.AsyncClient, claimsmith: FakeClaimsmith
) -> None:
    claimsmith.says = STEP_UP
    page = await log_in(http)
    assert page.headers["claimsmith-execution"] == "01JX"
    state = state_of(page)
    claimsmith.says = answer(idToken={"https://x/a": 1})
    done = await give(http, state, f" {code()} ")
    first, second = (one["context"] for one in claimsmith.asked)
    assert [one["name"] for one in first.pop("authentication")["methods"]] == ["pwd"]
    methods = second.pop("authentication")["methods"]
    assert [one["name"] for one in methods] == ["pwd", "mfa"]
    assert all(abs(one["timestamp"] / 1000 - time.time()) < 60 for one in methods)
    assert first == second
    assert "code" not in json.dumps(claimsmith.asked[1]["context"]["request"]["body"])
    target, parameters = location(done)
    assert (target, parameters["state"]) == (CALLBACK, "s1")
    response = await exchange(http, parameters["code"])
    seen = await id_claims(http, response)
    assert (seen["https://x/a"], seen["nonce"], seen["amr"]) == (1, "n1", ["pwd", "otp", "mfa"])
    # What the person did in this login is still said at a refresh, with its time.
    form = {"grant_type": "refresh_token", "refresh_token": response.json()["refresh_token"]}
    refreshed = await http.post("/oauth/token", data=form, auth=CLIENT)
    assert claimsmith.asked[2]["context"]["authentication"]["methods"] == methods
    assert (await id_claims(http, refreshed))["amr"] == ["pwd", "otp", "mfa"]


async def test_a_page_s_answer_is_asked_about_again_behind_the_code(
    http: httpx2.AsyncClient, claimsmith: FakeClaimsmith
) -> None:
    state = await redirected(http, claimsmith)
    claimsmith.says = STEP_UP
    page = await http.post("/continue", params={"state": state}, data={"consent": "yes"})
    claimsmith.says = answer()
    location(await give(http, state_of(page), code()))
    _, resumed, again = (one["context"] for one in claimsmith.asked)
    assert again["request"] == resumed["request"]
    assert again["request"]["body"] == {"consent": "yes"}
    assert (resumed["protocol"], again["protocol"]) == ("redirect-callback", "redirect-callback")
    assert [one["name"] for one in again["authentication"]["methods"]] == ["pwd", "mfa"]


async def test_the_second_factor_is_still_said_behind_a_page(
    http: httpx2.AsyncClient, claimsmith: FakeClaimsmith
) -> None:
    claimsmith.says = STEP_UP
    state = state_of(await log_in(http))
    claimsmith.says = answer("redirect", redirect={"url": "https://consent.example.com/"})
    target, parameters = location(await give(http, state, code()))
    assert target == "https://consent.example.com/"
    claimsmith.says = answer()
    await http.get("/continue", params={"state": parameters["state"]})
    assert [one["name"] for one in claimsmith.asked[2]["context"]["authentication"]["methods"]] == ["pwd", "mfa"]


async def test_a_wrong_code_may_be_tried_again_not_for_ever(
    http: httpx2.AsyncClient, claimsmith: FakeClaimsmith
) -> None:
    claimsmith.says = STEP_UP
    state = state_of(await log_in(http))
    for wrong in range(2):
        page = await give(http, state, ["", "12345\u0661"][wrong])
        assert "wrong code" in page.text
        assert (await give(http, state, code())).status_code == 400  # each form is good for one try
        state = state_of(page, 401)
    target, parameters = location(await give(http, state, code(ahead=9)))
    assert (target, parameters["error"], parameters["state"]) == (CALLBACK, "access_denied", "s1")
    assert (await give(http, state, code())).status_code == 400
    assert len(claimsmith.asked) == 1


async def test_a_right_code_after_a_wrong_one(http: httpx2.AsyncClient, claimsmith: FakeClaimsmith) -> None:
    claimsmith.says = STEP_UP
    state = state_of(await give(http, state_of(await log_in(http)), code(ahead=9)), 401)
    claimsmith.says = answer()
    assert "code" in location(await give(http, state, code()))[1]


async def test_a_code_that_was_seen_is_not_good_again(http: httpx2.AsyncClient, claimsmith: FakeClaimsmith) -> None:
    seen = code()
    for expected in (302, 401):
        claimsmith.says = STEP_UP
        state = state_of(await log_in(http))
        claimsmith.says = answer()
        assert (await give(http, state, seen)).status_code == expected


async def test_one_second_factor_a_login(http: httpx2.AsyncClient, claimsmith: FakeClaimsmith) -> None:
    """A rule that asks without looking whether it was given gets no token, and no second round."""
    claimsmith.says = STEP_UP
    target, parameters = location(await give(http, state_of(await log_in(http)), code()))
    assert (target, parameters["error"]) == (CALLBACK, "interaction_required")
    assert len(claimsmith.asked) == 2


async def test_who_has_no_second_factor_gets_no_token(http: httpx2.AsyncClient, claimsmith: FakeClaimsmith) -> None:
    claimsmith.says = STEP_UP
    target, parameters = location(await log_in(http, username="bob"))
    assert (target, parameters["error"]) == (CALLBACK, "interaction_required")


@pytest.mark.parametrize("state", ["", "guessed"])
async def test_a_code_needs_its_state(http: httpx2.AsyncClient, claimsmith: FakeClaimsmith, state: str) -> None:
    claimsmith.says = STEP_UP
    page = state_of(await log_in(http))
    assert (await give(http, state, code())).status_code == 400
    assert (await http.get("/continue", params={"state": page})).status_code == 400  # nor is it one of a page
    assert len(claimsmith.asked) == 1


async def test_a_form_that_waits_too_long(
    http: httpx2.AsyncClient, claimsmith: FakeClaimsmith, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issuer, "CODE_WAIT", -1)
    claimsmith.says = STEP_UP
    assert (await give(http, state_of(await log_in(http)), code())).status_code == 400


def test_codes_are_those_of_rfc_6238() -> None:
    secret = base64.b32encode(b"12345678901234567890").decode()
    for at, expected in ((59, b"287082"), (1111111109, b"081804"), (20000000000, b"353130")):  # appendix B
        assert code_at(secret, at // STEP) == expected
