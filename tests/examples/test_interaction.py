"""A page and a second factor in the middle of a login: the real service, the demo issuer and a page server, each on
loopback.

The page is somebody else's program: it signs and verifies with PyJWT, and knows no more than docs/rules.md says.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import jwt
import pytest

from examples import demo
from examples.demo import ROOT, record_of
from examples.directory import USERS
from examples.second_factor import STEP, code_at
from tests.examples.installation import Service, installed
from tests.servers import TRUST

SECRET = "what-rules-and-the-page-know-and-nobody-else"
CLAIM = "https://example.com/age_confirmed"
CALLBACK = "http://127.0.0.1:8300/callback"
CLIENT = ("demo-app", "demo-secret")
MODULE = (ROOT / "sample_rules/modules/redirects.py").read_text()
AGE = (ROOT / "sample_rules/age-confirmed.py").read_text()
MFA = (ROOT / "sample_rules/gallery/require-mfa-once-per-session.py").read_text()

Claims = dict[str, Any]


def sign(claims: Claims, key: str = SECRET) -> str:
    return jwt.encode(claims, key, algorithm="HS256")


class Page:
    """Verifies the token of the way there, and answers as `answers` has it: it is given the claims that it was sent and
    an honest answer, and gives the token to bring back, or None. `seen` are the tokens it was sent."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.answers: Callable[[Claims, Claims], str | None] = lambda _, honest: sign(honest)
        self.issuer = ""
        page = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                query = dict(parse_qsl(urlsplit(self.path).query))
                body = page.answer(query["session_token"], query["state"]).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Nobody reads it."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/confirm"

    def answer(self, token: str, state: str) -> str:
        """The form that a browser sends on, when the person has said yes."""
        self.seen.append(token)
        asked = jwt.decode(token, SECRET, algorithms=["HS256"], audience=self.url)
        now = int(time.time())
        honest = {
            "iss": asked["aud"],
            "aud": asked["iss"],
            "sub": asked["sub"],
            "jti": asked["jti"],
            "state": state,
            "iat": now,
            "exp": now + 60,
            "confirmed": True,
            "minimum": asked["minimum"],
        }
        back = self.answers(asked, honest)
        fields = {"state": state} | ({} if back is None else {"session_token": back})
        inputs = "".join(f'<input name="{name}" value="{value}">' for name, value in fields.items())
        return f'<form method="post" action="{self.issuer}/continue">{inputs}</form>'


class Browser:
    """Ada's, who has a password and a phone."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.http = httpx2.Client(base_url=issuer, trust_env=False, timeout=10, verify=TRUST)
        self.verifier = secrets.token_urlsafe(48)

    def log_in(self, username: str = "ada") -> httpx2.Response:
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()
        page = self.http.get(
            "/authorize",
            params={
                "response_type": "code",
                "client_id": CLIENT[0],
                "redirect_uri": CALLBACK,
                "scope": "openid",
                "state": "s1",
                "code_challenge": challenge,
                "code_challenge_method": "S256",
            },
        )
        form = {"authorize": page.url.query.decode(), "username": username, "password": USERS[username]["password"]}
        return self.http.post("/login", data=form)

    def follow(self, response: httpx2.Response) -> httpx2.Response:
        """To the rule's page, and with its form back to the issuer."""
        assert response.status_code == 302, response.text
        page = httpx2.get(response.headers["location"], trust_env=False, timeout=10, verify=TRUST)
        assert page.status_code == 200
        action = re.search(r'action="([^"]+)"', page.text)
        assert action
        return httpx2.post(action[1], data=inputs(page.text), trust_env=False, timeout=10, verify=TRUST)

    def give(self, page: httpx2.Response, code: str) -> httpx2.Response:
        assert 'action="second-factor"' in page.text, page.text
        return self.http.post("/second-factor", data=inputs(page.text) | {"code": code})

    def arrive(self, response: httpx2.Response) -> dict[str, str]:
        """What the application is told."""
        assert response.status_code == 302, response.text
        target, _, query = response.headers["location"].partition("?")
        assert target == CALLBACK, response.headers["location"]
        return dict(parse_qsl(query))

    def tokens(self, response: httpx2.Response) -> Any:
        told = self.arrive(response)
        assert "code" in told, told
        data = {"grant_type": "authorization_code", "code": told["code"], "redirect_uri": CALLBACK}
        got = self.http.post("/oauth/token", data=data | {"code_verifier": self.verifier}, auth=CLIENT)
        assert got.status_code == 200, got.text
        return got.json()

    def id_claims(self, response: httpx2.Response) -> Claims:
        """The claims of the signed ID token."""
        token = self.tokens(response)["id_token"]
        keys = jwt.PyJWKSet.from_dict(self.http.get("/.well-known/jwks.json").json())
        key = keys[jwt.get_unverified_header(token)["kid"]]
        claims: Claims = jwt.decode(token, key, algorithms=["RS256"], audience=CLIENT[0], issuer=self.issuer)
        return claims

    def denied(self, response: httpx2.Response) -> tuple[str, str]:
        told = self.arrive(response)
        assert "code" not in told
        return told["error"], told.get("error_description", "")


def inputs(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input (?:type="hidden" )?name="(\w+)" value="([^"]*)"', page))


def code() -> str:
    """What Ada's phone shows."""
    return code_at(USERS["ada"]["totp"], int(time.time()) // STEP).decode()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with installed(tmp_path_factory.mktemp("interaction")) as service:
        service.put("/v1/configuration/SESSION_TOKEN_SECRET", {"value": SECRET})
        service.put("/v1/modules/redirects", {"script": MODULE})
        yield service


@pytest.fixture
def browser(service: Service) -> Iterator[Browser]:
    """At an issuer that has not seen anybody yet."""
    execute_url = str(service.http.base_url.join("/v1/execute"))
    with demo.issuer(execute_url, service.execute) as url:
        browser = Browser(url)
        with browser.http:
            yield browser


@pytest.fixture
def page(service: Service, browser: Browser) -> Iterator[Page]:
    """Which the rule of `age-confirmed` sends logins to."""
    page = Page()
    page.issuer = browser.issuer
    service.set_rules(age=AGE.replace("https://age.example.com/confirm", page.url))
    thread = threading.Thread(target=page.server.serve_forever, daemon=True)
    thread.start()
    try:
        yield page
    finally:
        page.server.shutdown()
        thread.join()
        page.server.server_close()


# A page


def test_a_login_by_way_of_a_page(service: Service, browser: Browser, page: Page) -> None:
    sent = browser.log_in()
    assert sent.headers["location"].startswith(page.url + "?session_token=")
    back = browser.follow(sent)
    assert browser.id_claims(back)[CLAIM] is True
    [token] = page.seen
    asked = jwt.decode(token, SECRET, algorithms=["HS256"], audience=page.url, issuer="https://127.0.0.1/")
    assert asked.keys() == {"sub", "iss", "aud", "iat", "exp", "jti", "minimum"}
    assert (asked["sub"], asked["minimum"], asked["exp"] - asked["iat"]) == ("demo|ada", 18, 900)
    assert len(asked["jti"]) >= 20
    record = record_of(service.http, back.headers["Claimsmith-Execution"])
    assert record["transaction"]["context"]["protocol"] == "redirect-callback"
    assert record["transaction"]["context"]["request"]["body"]["session_token"] == "***"
    assert token not in json.dumps(record_of(service.http, sent.headers["Claimsmith-Execution"]))
    # The issuer has kept it: the next login needs no page, and no refresh does.
    assert browser.id_claims(browser.log_in())[CLAIM] is True
    assert len(page.seen) == 1


NOT_VALID = "the page's answer is not valid: log in again"
ANSWERS: dict[str, tuple[Callable[[Claims, Claims], str | None], str]] = {
    "none at all": (lambda asked, honest: None, "the page gave no answer: log in again"),
    "the outgoing token unchanged": (lambda asked, honest: sign(asked), NOT_VALID),
    "the outgoing token with a state": (lambda asked, honest: sign(asked | {"state": honest["state"]}), NOT_VALID),
    "of another user": (lambda asked, honest: sign(honest | {"sub": "demo|bob"}), NOT_VALID),
    "of another login": (lambda asked, honest: sign(honest | {"state": "another"}), NOT_VALID),
    "expired": (
        lambda asked, honest: sign(honest | {"iat": honest["iat"] - 900, "exp": honest["iat"] - 60}),
        "that took too long: log in again",
    ),
    "forged": (lambda asked, honest: sign(honest, "what-somebody-else-would-like-to-know"), NOT_VALID),
    "with another algorithm": (lambda asked, honest: jwt.encode(honest, SECRET * 2, algorithm="HS512"), NOT_VALID),
    "not signed": (lambda asked, honest: jwt.encode(honest, "", algorithm="none"), NOT_VALID),
    "for another issuer": (lambda asked, honest: sign(honest | {"aud": "https://other.example/"}), NOT_VALID),
    "of another page": (
        lambda asked, honest: sign(honest | {"iss": "https://terms.example.com/"}),
        "log in again: one more page has to be shown",
    ),
    "a no": (
        lambda asked, honest: sign(honest | {"confirmed": False}),
        "this is for people of 18 years and more",
    ),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_that_is_none(browser: Browser, page: Page, name: str) -> None:
    page.answers, text = ANSWERS[name]
    assert browser.denied(browser.follow(browser.log_in())) == ("unauthorized", text)
    # Nothing of it was kept: the next login is sent to the page again, and an honest answer does.
    page.answers = lambda asked, honest: sign(honest)
    assert browser.id_claims(browser.follow(browser.log_in()))[CLAIM] is True
    assert len(page.seen) == 2


def test_the_very_token_that_was_sent_is_no_answer(browser: Browser, page: Page) -> None:
    """Not one made like it: that very text, brought back past the page."""
    for method in ("GET", "POST"):
        query = dict(parse_qsl(urlsplit(browser.log_in().headers["location"]).query))
        where: Any = {"params": query} if method == "GET" else {"data": query}
        assert browser.denied(browser.http.request(method, "/continue", **where)) == ("unauthorized", NOT_VALID)
    assert page.seen == []


def test_an_answer_is_good_for_one_login(browser: Browser, page: Page) -> None:
    """One that was seen does not help who knows the password as well."""
    answers: list[str] = []

    def no(asked: Claims, honest: Claims) -> None:
        answers.append(sign(honest))

    page.answers = no
    browser.denied(browser.follow(browser.log_in()))
    page.answers = lambda asked, honest: answers[0]
    assert browser.denied(browser.follow(browser.log_in())) == ("unauthorized", NOT_VALID)


@pytest.mark.parametrize("grant", ["password", "refresh_token"])
def test_there_is_no_way_around_the_page(service: Service, browser: Browser, page: Page, grant: str) -> None:
    form = {"grant_type": "password", "username": "ada", "password": "analytical", "scope": "openid"}
    if grant == "refresh_token":
        service.set_rules()
        refresh = browser.http.post("/oauth/token", data=form, auth=CLIENT).json()["refresh_token"]
        form = {"grant_type": grant, "refresh_token": refresh}
        service.set_rules(age=AGE)
    response = browser.http.post("/oauth/token", data=form, auth=CLIENT)
    assert (response.status_code, response.json()["error"]) == (400, "interaction_required")


def test_two_rules_with_a_page_each(service: Service, browser: Browser, page: Page) -> None:
    """One page a login: the first asks first, and at the next login it is the other's turn."""
    own = AGE.replace("https://age.example.com/confirm", page.url)
    other = own.replace("/confirm", "/terms").replace("age_confirmed", "terms_confirmed")
    service.set_rules(one=own, two=other)
    page.answers = lambda asked, honest: sign(honest)
    text = "log in again: one more page has to be shown"
    assert browser.denied(browser.follow(browser.log_in())) == ("unauthorized", text)
    sent = browser.log_in().headers["location"]
    assert sent.startswith(page.url.replace("/confirm", "/terms"))


# A second factor


def test_a_login_with_a_second_factor(service: Service, browser: Browser) -> None:
    service.set_rules(mfa=MFA, who="def rule(user, context):\n    context.idToken['https://x/who'] = user.name\n")
    claims = browser.id_claims(browser.give(browser.log_in(), code()))
    assert (claims["https://x/who"], claims["amr"]) == ("Ada Lovelace", ["pwd", "otp", "mfa"])


def test_wrong_codes(service: Service, browser: Browser) -> None:
    service.set_rules(mfa=MFA)
    form = browser.log_in()
    for _ in range(2):
        form = browser.give(form, "no code")
        assert form.status_code == 401
    assert browser.denied(browser.give(form, "no code")) == ("access_denied", "too many wrong codes")
    assert browser.arrive(browser.give(browser.give(browser.log_in(), "no code"), code()))["code"]


def test_a_rule_that_always_asks_gets_no_second_round(service: Service, browser: Browser) -> None:
    service.set_rules(mfa="def rule(user, context):\n    context.multifactor = {'provider': 'any'}\n")
    error, text = browser.denied(browser.give(browser.log_in(), code()))
    assert (error, text) == ("interaction_required", "the login needs a second factor")


def test_a_second_factor_needs_somebody(service: Service, browser: Browser) -> None:
    form = {"grant_type": "password", "username": "ada", "password": "analytical", "scope": "openid"}
    service.set_rules()
    refresh = browser.http.post("/oauth/token", data=form, auth=CLIENT).json()["refresh_token"]
    always = "def rule(user, context):\n    context.multifactor = {'provider': 'any'}\n"
    service.set_rules(mfa=always)
    for sent, text in (
        (form, "the login needs a second factor"),
        (
            {"grant_type": "refresh_token", "refresh_token": refresh},
            "the login needs a second factor, which is not poss",
        ),
    ):
        response = browser.http.post("/oauth/token", data=sent, auth=CLIENT)
        assert (response.status_code, response.json()["error"]) == (400, "interaction_required")
        assert response.json()["error_description"].startswith(text)


def test_a_page_and_then_a_second_factor(service: Service, browser: Browser, page: Page) -> None:
    service.set_rules(mfa=MFA, age=AGE.replace("https://age.example.com/confirm", page.url))
    form = browser.follow(browser.log_in())
    claims = browser.id_claims(browser.give(form, code()))
    assert (claims[CLAIM], claims["amr"]) == (True, ["pwd", "otp", "mfa"])
    assert len(page.seen) == 1
