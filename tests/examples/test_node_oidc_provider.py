"""node-oidc-provider with Claimsmith in it: the real provider in a Node process, the real service behind a proxy that
counts, and a client that verifies what it gets."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import httpx2
import pytest

from examples import demo
from examples.demo import ROOT, record_of
from tests.examples.between import Between, Service, between
from tests.examples.openid_client import Application, Browser, Claims
from tests.examples.test_interaction import AGE, CLAIM, MFA, MODULE, SECRET, Page, inputs
from tests.servers import TRUST, free_port, nobody

FOLDER = ROOT / "examples" / "node-oidc-provider"
CALLBACK = "http://127.0.0.1:8300/callback"
API = "https://api.example.com/"
ADA = {"username": "ada", "password": "analytical"}
BOB = {"username": "bob", "password": "builder"}
PASSWORD = {"grant_type": "password", "scope": "openid", **ADA}
CODE = "246810"
ALWAYS = "def rule(user, context):\n    context.multifactor = {'provider': 'any'}\n"
CLIENT, SERVICE = ("demo-app", "demo-secret"), ("demo-service", "service-secret")
NO_ANSWER = "the login rules gave no answer"

# What the provider says in tokens itself.
OWN = {"iss", "sub", "aud", "iat", "exp"}
OWN_ID = OWN | {"auth_time", "amr"}
OWN_ACCESS = OWN | {"jti", "client_id"}


def rule(body: str) -> str:
    return "def rule(user, context):\n    " + "\n    ".join(body.splitlines()) + "\n"


WHO = rule("context.idToken['https://x/who'] = user.name\ncontext.accessToken['https://x/how'] = context.protocol")


@contextmanager
def node_provider(claimsmith: str, token: str, log: Path) -> Iterator[str]:
    """The provider in a process of its own; what it prints is in `log`."""
    port = free_port()
    environ = {"PATH": os.environ["PATH"], "CLAIMSMITH_URL": claimsmith, "CLAIMSMITH_TOKEN": token, "PORT": str(port)}
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["node", "provider.js"], cwd=FOLDER, env=environ, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    try:
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 20
        while True:
            with contextlib.suppress(httpx2.TransportError):
                metadata = f"{url}/.well-known/openid-configuration"
                if httpx2.get(metadata, trust_env=False, verify=TRUST).status_code == 200:
                    break
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        yield url
        assert process.poll() is None, log.read_text()
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module")
def service(installed: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    data = tmp_path_factory.mktemp("node") / "data"
    with demo.claimsmith(data) as url:
        service = Service(url, demo.service_token(data, "admin"), demo.service_token(data, "execute"))
        with closing(service.http):
            service.call("PUT", "/v1/configuration/SESSION_TOKEN_SECRET", {"value": SECRET})
            service.call("PUT", "/v1/modules/redirects", {"script": MODULE})
            yield service


@pytest.fixture(scope="module")
def proxy(service: Service) -> Iterator[Between]:
    with between(service.url) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("provider") / "log"


@pytest.fixture(scope="module")
def issuer(service: Service, proxy: Between, log: Path) -> Iterator[str]:
    with node_provider(proxy.url, service.execute, log) as url:
        yield url


@pytest.fixture
def claimsmith(proxy: Between) -> Between:
    proxy.reset()
    return proxy


@pytest.fixture
def application(issuer: str, claimsmith: Between) -> Iterator[Application]:
    application = Application(issuer, CLIENT, CALLBACK)
    with closing(application.http):
        yield application


@pytest.fixture
def browser(application: Application) -> Iterator[Browser]:
    browser = Browser(application)
    with closing(browser.http):
        yield browser


def refused(response: httpx2.Response) -> tuple[int, str, str]:
    body = response.json()
    assert not {"access_token", "id_token", "refresh_token"} & body.keys()
    return response.status_code, body["error"], body.get("error_description", "")


def rules_claims(claims: Claims, own: set[str]) -> Claims:
    assert own <= claims.keys()
    return {name: value for name, value in claims.items() if name not in own}


# The set-up


def test_the_set_up_says_in_one_line_what_is_not_there() -> None:
    done = subprocess.run(
        ["/bin/sh", FOLDER / "setup"], env={"PATH": "/nowhere"}, capture_output=True, text=True, timeout=30
    )
    said = "node-oidc-provider is not set up: node is not there; install Node.js 20.12 or later\n"
    assert (done.returncode, done.stdout, done.stderr) == (3, said, "")


def test_the_set_up_without_a_network(installed: None, tmp_path: Path) -> None:
    folder = tmp_path / "example"
    folder.mkdir()
    for name in ("setup", "package.json"):
        (folder / name).write_bytes((FOLDER / name).read_bytes())
    nowhere = {"npm_config_registry": "http://127.0.0.1:9/", "npm_config_cache": str(tmp_path / "cache")}
    done = subprocess.run(
        ["/bin/sh", folder / "setup"], env={"PATH": os.environ["PATH"], **nowhere}, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (3, "")
    assert done.stdout.startswith("node-oidc-provider is not set up: npm cannot install it")
    assert done.stdout.count("\n") == 1


def test_the_provider_says_what_it_needs(installed: None) -> None:
    done = subprocess.run(
        ["node", "provider.js"], cwd=FOLDER, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "set CLAIMSMITH_URL, and CLAIMSMITH_TOKEN" in done.stderr


def test_what_the_documentation_shows_is_in_the_provider() -> None:
    page = (ROOT / "docs" / "issuers" / "node-oidc-provider.md").read_text()
    provider = (FOLDER / "provider.js").read_text().splitlines()
    shown = [line for block in re.findall(r"```js\n(.*?)```", page, re.DOTALL) for line in block.splitlines() if line]
    assert len(shown) > 10
    assert [line for line in shown if line not in provider] == []
    installed = json.loads((FOLDER / "package.json").read_text())["dependencies"]["oidc-provider"]
    assert f"It was tested with\n{installed}." in page


# What is asked


def test_the_password_grant_asks_once_in_auth0s_words(
    service: Service, claimsmith: Between, application: Application
) -> None:
    service.set_rules(who=WHO)
    application.http.headers["user-agent"] = "cli/1"
    response = application.token(**PASSWORD)
    assert application.id_claims(response)["sub"] == "demo|ada"
    [asked] = claimsmith.asked
    assert claimsmith.authorization == f"Bearer {service.execute}"
    [method] = asked["context"]["authentication"].pop("methods")
    assert method["name"] == "pwd"
    assert abs(method["timestamp"] / 1000 - time.time()) < 60
    assert asked == {
        "deadline_ms": 1500,
        "user": {
            "user_id": "demo|ada",
            "username": "ada",
            "name": "Ada Lovelace",
            "given_name": "Ada",
            "family_name": "Lovelace",
            "email": "ada@example.com",
            "email_verified": True,
            "user_metadata": {},
            "app_metadata": {
                "authorization": {
                    "groups": ["engineering"],
                    "roles": ["editor"],
                    "permissions": ["read:articles", "write:articles"],
                }
            },
        },
        "context": {
            "clientID": "demo-app",
            "clientName": "Demo App",
            "connection": "demo-users",
            "protocol": "oauth2-password",
            "request": {
                "ip": "127.0.0.1",
                "userAgent": "cli/1",
                "hostname": "127.0.0.1",
                "query": {},
                "body": {"grant_type": "password", "username": "ada", "scope": "openid"},
            },
            "authentication": {},
            "idToken": {},
            "accessToken": {},
        },
    }


def test_an_issuance_is_one_execution_which_the_answer_names(
    service: Service, issuer: str, application: Application
) -> None:
    service.set_rules(who=WHO)
    by_password = application.token(**PASSWORD)
    refresh = by_password.json()["refresh_token"]
    by_refresh = application.token(grant_type="refresh_token", refresh_token=refresh)
    machine = Application(issuer, SERVICE)
    with closing(machine.http):
        by_credentials = machine.token(grant_type="client_credentials")
    named = [answer.headers["Claimsmith-Execution"] for answer in (by_credentials, by_refresh, by_password)]
    deadline = time.monotonic() + 5
    while (listed := executions(service))[:1] != named[:1]:  # records are written just after the answer
        assert time.monotonic() < deadline, listed
        time.sleep(0.05)
    assert listed[: listed.index(named[-1]) + 1] == named


def executions(service: Service) -> list[str]:
    """The ids of what was recorded, newest first."""
    return [one["execution_id"] for one in service.call("GET", "/v1/executions")["executions"]]


def test_the_code_flow_asks_once_at_the_login(
    service: Service, claimsmith: Between, application: Application, browser: Browser
) -> None:
    service.set_rules(who=WHO)
    form = browser.open(scope="openid profile")
    assert claimsmith.asked == []  # nobody is there yet
    browser.send(form, **ADA)
    [asked] = claimsmith.asked
    assert asked["context"]["protocol"] == "oidc-basic-profile"
    assert asked["context"]["request"]["query"]["scope"] == "openid profile"
    assert asked["context"]["request"]["query"]["nonce"] == browser.nonce
    assert asked["context"]["request"]["body"] == {}
    assert ADA["password"] not in json.dumps(asked)
    # The code carries the decision: whatever becomes of Claimsmith until then.
    claimsmith.says = (500, b"")
    response = browser.exchange()
    claims = application.id_claims(response, browser.nonce)
    assert (claims["https://x/who"], claims["name"]) == ("Ada Lovelace", "Ada Lovelace")
    assert application.access_claims(response, API)["https://x/how"] == "oidc-basic-profile"
    assert len(claimsmith.asked) == 1


def test_a_session_spares_the_password_and_not_the_rules(
    service: Service, claimsmith: Between, application: Application, browser: Browser
) -> None:
    service.set_rules(who=WHO)
    browser.send(browser.open(), **ADA)
    service.set_rules(other=rule("context.idToken['https://x/other'] = True"))
    browser.open()
    assert len(claimsmith.asked) == 2
    claims = application.id_claims(browser.exchange(), browser.nonce)
    assert rules_claims(claims, OWN_ID | {"nonce"}) == {"https://x/other": True}
    service.set_rules(no=rule("raise UnauthorizedError('not today')"))
    browser.open()
    assert browser.told == {"error": "access_denied", "error_description": "not today"}


def test_a_code_needs_its_verifier_and_is_good_once(service: Service, browser: Browser) -> None:
    service.set_rules()
    browser.send(browser.open(), **ADA)
    assert refused(browser.exchange(code_verifier="v" * 64))[:2] == (400, "invalid_grant")
    assert browser.exchange().status_code == 200
    assert refused(browser.exchange())[:2] == (400, "invalid_grant")


def test_a_refresh_asks_again(service: Service, claimsmith: Between, application: Application) -> None:
    service.set_rules(plan=rule("context.idToken['https://x/plan'] = 'free'"))
    first = application.token(**PASSWORD)
    assert application.id_claims(first)["https://x/plan"] == "free"
    service.set_rules(plan=rule("context.idToken['https://x/plan'] = 'paid'"), who=WHO)
    second = application.token(grant_type="refresh_token", refresh_token=first.json()["refresh_token"])
    assert application.id_claims(second)["https://x/plan"] == "paid"
    assert application.access_claims(second, API)["https://x/how"] == "oauth2-refresh-token"
    assert len(claimsmith.asked) == 2
    asked = claimsmith.asked[1]["context"]
    assert asked["request"]["body"] == {"grant_type": "refresh_token"}
    assert [method["name"] for method in asked["authentication"]["methods"]] == ["pwd"]
    # Rotated: the first is good no more.
    again = application.token(grant_type="refresh_token", refresh_token=first.json()["refresh_token"])
    assert refused(again)[:2] == (400, "invalid_grant")
    assert len(claimsmith.asked) == 2


def test_a_refresh_after_the_code_flow(service: Service, application: Application, browser: Browser) -> None:
    service.set_rules(who=WHO)
    browser.send(browser.open(), **ADA)
    refresh = browser.exchange().json()["refresh_token"]
    response = application.token(grant_type="refresh_token", refresh_token=refresh)
    assert application.id_claims(response, browser.nonce)["https://x/who"] == "Ada Lovelace"
    assert application.access_claims(response, API)["https://x/how"] == "oauth2-refresh-token"


def test_client_credentials_have_no_user(
    service: Service, claimsmith: Between, issuer: str, application: Application
) -> None:
    service.set_rules(who=WHO)
    machine = Application(issuer, SERVICE)
    with closing(machine.http):
        response = machine.token(grant_type="client_credentials", scope="read:articles")
        claims = machine.access_claims(response, API)
    assert (claims["sub"], claims["scope"]) == ("demo-service", "read:articles")
    assert rules_claims(claims, OWN_ACCESS | {"scope"}) == {}
    [asked] = claimsmith.asked
    assert asked["user"] is None
    assert asked["context"]["protocol"] == "oauth2-client-credentials"
    assert asked["context"]["authentication"] == {"methods": []}


def test_rules_for_client_credentials(service: Service, issuer: str) -> None:
    machine = Application(issuer, SERVICE)
    with closing(machine.http):
        script = rule("context.accessToken['https://x/for'] = [context.clientID, user]")
        service.set_rules(machines=script, conditions={"without_user": True})
        response = machine.token(grant_type="client_credentials")
        assert machine.access_claims(response, API)["https://x/for"] == ["demo-service", None]
        service.set_rules(no=rule("raise UnauthorizedError('no machines')"), conditions={"without_user": True})
        assert refused(machine.token(grant_type="client_credentials")) == (400, "access_denied", "no machines")


# What becomes of the answer


def test_claims_of_every_name_and_kind_reach_the_tokens(service: Service, application: Application) -> None:
    values = {
        "https://example.com/roles": ["editor", {"on": ["a", "b"]}],
        "https://example.com/org": {"id": 7, "tags": [], "parent": None},
        "urn:example:plain": "ä ☃ 𝒜",
        "favourite_colour": 1.5,
        "address": {"country": "GB"},
        "name": "Countess",  # of a scope that was not asked for
        "email": "other@example.com",  # instead of the user's own
        "": False,
        "__proto__": {"b": 2},
    }
    service.set_rules(
        all=rule(
            f"for name, value in {values!r}.items():\n    context.idToken[name] = context.accessToken[name] = value"
        )
    )
    response = application.token(**PASSWORD | {"scope": "openid email read:articles"})
    own = OWN_ID | {"email_verified"}
    assert rules_claims(application.id_claims(response), own) == values
    access = application.access_claims(response, API)
    assert rules_claims(access, OWN_ACCESS | {"scope"}) == values
    assert access["scope"] == "read:articles"


def test_the_users_own_claims_are_those_of_the_scope(service: Service, application: Application) -> None:
    service.set_rules()
    claims = application.id_claims(application.token(**PASSWORD | {"scope": "openid profile"}))
    own = {"name": "Ada Lovelace", "given_name": "Ada", "family_name": "Lovelace"}
    assert rules_claims(claims, OWN_ID) == own
    assert "id_token" not in application.token(**PASSWORD | {"scope": "read:articles"}).json()


PROTOCOL_CLAIMS = (
    "iss sub aud exp nbf iat jti nonce azp at_hash c_hash s_hash sid auth_time acr amr cnf act may_act client_id scope"
    " gty events"
).split()


def test_protocol_claims_are_the_providers_alone(
    service: Service, claimsmith: Between, application: Application, browser: Browser
) -> None:
    """Whether a rule sets them, or the service says so."""
    service.set_rules(
        all=rule(f"for name in {PROTOCOL_CLAIMS!r}:\n    context.idToken[name] = context.accessToken[name] = 'forged'")
    )
    response = application.token(**PASSWORD)
    record = record_of(service.http, response.headers["Claimsmith-Execution"])
    assert {warning["code"] for warning in record["warnings"]} == {"protected_claim", "scope_refused"}
    forged = dict.fromkeys(PROTOCOL_CLAIMS, "forged")
    for says in (None, (200, json.dumps(ALLOW | {"idToken": forged, "accessToken": forged}).encode())):
        claimsmith.says = says
        by_password = application.token(**PASSWORD)
        by_refresh = application.token(grant_type="refresh_token", refresh_token=by_password.json()["refresh_token"])
        page = browser.open(prompt="login")
        browser.send(page, **ADA)
        by_code = browser.exchange()
        for response, nonce in ((by_password, None), (by_refresh, None), (by_code, browser.nonce)):
            claims = application.id_claims(response, nonce)
            assert "forged" not in claims.values()
            assert (claims["sub"], claims["amr"]) == ("demo|ada", ["pwd"])
            access = application.access_claims(response, API)
            assert "forged" not in access.values()
            assert (access["sub"], access["client_id"]) == ("demo|ada", "demo-app")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("raise UnauthorizedError('only on weekdays')", (400, "access_denied", "only on weekdays")),
        ("raise UnauthorizedError('\"ça\" \\n ☃')", (400, "access_denied", "'?a' ? ?")),
        ("raise UnauthorizedError('')", (400, "access_denied", "")),
        ("user.nobody_has_this", (500, "server_error", "the login could not be decided: a rule failed")),
        ("while True:\n    pass", (500, "server_error", "the login could not be decided: a rule failed")),
    ],
)
def test_a_rule_that_denies_or_fails(
    service: Service,
    claimsmith: Between,
    application: Application,
    browser: Browser,
    body: str,
    expected: tuple[int, str, str],
) -> None:
    service.set_rules(no=rule(body))
    response = application.token(**PASSWORD)
    assert refused(response) == expected
    assert record_of(service.http, response.headers["Claimsmith-Execution"])["decision"] == "deny"
    browser.send(browser.open(), **ADA)
    assert browser.told.get("error_description", "") == expected[2]
    assert browser.told["error"] == expected[1]
    assert len(claimsmith.asked) == 2


def test_a_denied_refresh_costs_nothing(service: Service, application: Application) -> None:
    service.set_rules()
    refresh = {"grant_type": "refresh_token", "refresh_token": application.token(**PASSWORD).json()["refresh_token"]}
    service.set_rules(no=rule("raise UnauthorizedError('not now')"))
    for _ in range(2):
        assert refused(application.token(**refresh)) == (400, "access_denied", "not now")
    service.set_rules()
    assert application.id_claims(application.token(**refresh))["sub"] == "demo|ada"


def test_updates_are_kept(service: Service, claimsmith: Between, application: Application) -> None:
    """Bob's, also of a login that is refused."""
    form = PASSWORD | BOB
    service.set_rules(counter=(ROOT / "sample_rules/login-counter.py").read_text())
    for _ in range(2):
        assert application.token(**form).status_code == 200
    service.set_rules(
        no=rule(
            "auth0.users.update_app_metadata(user.user_id, {'seen': [1], 'gone': None})\nraise UnauthorizedError('no')"
        )
    )
    assert refused(application.token(**form))[1] == "access_denied"
    service.set_rules(clear=rule("auth0.users.update_user_metadata(user.user_id, {})"))
    application.token(**form)
    application.token(**form)
    told = [(asked["user"]["user_metadata"], asked["user"]["app_metadata"]) for asked in claimsmith.asked]
    assert told == [
        ({}, {}),
        ({"logins": 1}, {}),
        ({"logins": 2}, {}),
        ({"logins": 2}, {"seen": [1]}),
        ({}, {"seen": [1]}),
    ]


@pytest.mark.parametrize(
    ("setting", "body"),
    [
        ("scope_changes", "context.accessToken.scope = ['openid']"),
        ("lifetime_changes", "context.lifetime = {'idToken': 60}"),
    ],
)
def test_what_a_rule_changed_and_the_provider_cannot_is_refused(
    service: Service, application: Application, browser: Browser, log: Path, setting: str, body: str
) -> None:
    """node-oidc-provider has settled it before: a token with more than the rule left is worse than none."""
    service.set_rules(less=rule(body))
    assert application.token(**PASSWORD).status_code == 200  # as long as the tenant does not allow it
    service.call("PATCH", "/v1/tenants/default/settings", {setting: True})
    try:
        assert refused(application.token(**PASSWORD)) == (500, "server_error", NO_ANSWER)
        browser.send(browser.open(), **ADA)
        assert browser.told["error"] == "server_error"
    finally:
        service.call("PATCH", "/v1/tenants/default/settings", {setting: False})
    assert "a rule changed the scope or a lifetime" in log.read_text()


# How it fails

NOTHING: dict[str, Any] = {"execution_id": "01JX", "idToken": None, "accessToken": None}
ALLOW = NOTHING | {"decision": "allow", "idToken": {}, "accessToken": {}}
BROKEN = (500, "server_error", NO_ANSWER)
AGAIN = (503, "temporarily_unavailable", NO_ANSWER)
ANSWERS: dict[str, tuple[int, Any, tuple[int, str, str]]] = {
    "no token": (401, {"error": "unauthorized"}, BROKEN),
    "another scope": (403, {"error": "insufficient_scope"}, BROKEN),
    "no such tenant": (404, {}, BROKEN),
    "allow, but not 200": (202, ALLOW, BROKEN),
    "too many": (429, {}, AGAIN),
    "broken": (500, ALLOW, AGAIN),
    "overloaded": (503, ALLOW, AGAIN),
    "nothing": (200, b"", BROKEN),
    "no JSON": (200, b"<html>allow</html>", BROKEN),
    "half an answer": (200, json.dumps(ALLOW).encode()[:-2], BROKEN),
    "null": (200, None, BROKEN),
    "a list": (200, [ALLOW], BROKEN),
    "no decision": (200, {**ALLOW, "decision": None}, BROKEN),
    "a list of decisions": (200, {**ALLOW, "decision": ["allow"]}, BROKEN),
    "a decision nobody knows": (200, {**ALLOW, "decision": "perhaps"}, BROKEN),
    "no execution": (200, {**ALLOW, "execution_id": None}, BROKEN),
    "no claims of the ID token": (200, {**ALLOW, "idToken": None}, BROKEN),
    "no claims of the access token": (200, {"execution_id": "01JX", "decision": "allow", "idToken": {}}, BROKEN),
    "claims that are a list": (200, {**ALLOW, "idToken": []}, BROKEN),
    "claims that are a text": (200, {**ALLOW, "accessToken": "{}"}, BROKEN),
    "updates that are a list": (200, {**ALLOW, "updates": []}, BROKEN),
    "a patch that is a text": (200, {**ALLOW, "updates": {"user_metadata": "x"}}, BROKEN),
    "a redirect to no page": (200, {**NOTHING, "decision": "redirect", "redirect": {"url": "javascript:1"}}, BROKEN),
    "a redirect to nowhere": (200, {**NOTHING, "decision": "redirect", "redirect": None}, BROKEN),
    "a redirect": (
        200,
        {**NOTHING, "decision": "redirect", "redirect": {"url": "https://x/"}},
        (400, "interaction_required", "the login needs a page"),
    ),
    "a second factor": (
        200,
        {**NOTHING, "decision": "step_up"},
        (400, "interaction_required", "the login needs a second factor"),
    ),
    "a claim that node-oidc-provider takes for another thing": (
        200,
        {**ALLOW, "accessToken": {"constructor": 1}},
        (500, "server_error", "oops! something went wrong"),
    ),
    "a denial that says nothing": (200, {**NOTHING, "decision": "deny"}, (400, "access_denied", "")),
    "a denial with an error of its own": (
        200,
        {**NOTHING, "decision": "deny", "denial": {"error": "toString", "description": "x"}},
        (400, "toString", "x"),
    ),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_what_is_no_clear_allow_is_a_refusal(claimsmith: Between, application: Application, name: str) -> None:
    status, body, expected = ANSWERS[name]
    claimsmith.says = (status, body if isinstance(body, bytes) else json.dumps(body).encode())
    assert refused(application.token(**PASSWORD)) == expected
    assert len(claimsmith.asked) == 1
    claimsmith.says = (200, json.dumps(ALLOW).encode())
    assert application.token(**PASSWORD).status_code == 200


def silence(proxy: Between) -> Callable[[BaseHTTPRequestHandler], None]:
    def say(handler: BaseHTTPRequestHandler) -> None:
        proxy.over.wait(15)

    return say


def trickle(proxy: Between) -> Callable[[BaseHTTPRequestHandler], None]:
    """Within any time limit for a single read."""

    def say(handler: BaseHTTPRequestHandler) -> None:
        with contextlib.suppress(ConnectionError):
            handler.send_response(200)
            handler.end_headers()
            for _ in range(75):
                handler.wfile.write(b" ")
                proxy.over.wait(0.2)

    return say


def hang_up(proxy: Between) -> Callable[[BaseHTTPRequestHandler], None]:
    return lambda handler: None


def lead_on(proxy: Between) -> Callable[[BaseHTTPRequestHandler], None]:
    def say(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(307)
        handler.send_header("Location", f"{proxy.url}/elsewhere")
        handler.end_headers()

    return say


@pytest.mark.parametrize(
    ("behaviour", "error", "seconds"),
    [(silence, AGAIN, 2), (trickle, AGAIN, 2), (hang_up, AGAIN, 0), (lead_on, BROKEN, 0)],
)
def test_a_service_that_does_not_answer(
    claimsmith: Between,
    application: Application,
    behaviour: Callable[[Between], Callable[[BaseHTTPRequestHandler], None]],
    error: tuple[int, str, str],
    seconds: float,
) -> None:
    claimsmith.says = behaviour(claimsmith)
    started = time.monotonic()
    assert refused(application.token(**PASSWORD)) == error
    assert seconds - 0.1 < time.monotonic() - started < seconds + 8
    assert len(claimsmith.asked) == 1


def test_a_refresh_can_be_tried_again(service: Service, claimsmith: Between, application: Application) -> None:
    """With the very same refresh token, though they are rotated."""
    service.set_rules()
    refresh = {"grant_type": "refresh_token", "refresh_token": application.token(**PASSWORD).json()["refresh_token"]}
    claimsmith.says = (503, b"")
    assert refused(application.token(**refresh)) == AGAIN
    claimsmith.says = None
    assert application.id_claims(application.token(**refresh))["sub"] == "demo|ada"


def test_nobody_is_there(service: Service, tmp_path: Path) -> None:
    """No token by any flow, and the application is told that it may ask again."""
    with nobody() as nowhere, node_provider(nowhere, service.execute, tmp_path / "log") as url:
        application, machine = Application(url, CLIENT, CALLBACK), Application(url, SERVICE)
        browser = Browser(application)
        with closing(application.http), closing(machine.http), closing(browser.http):
            assert refused(application.token(**PASSWORD)) == AGAIN
            assert refused(machine.token(grant_type="client_credentials")) == AGAIN
            browser.send(browser.open(), **ADA)
            assert browser.told == {"error": "temporarily_unavailable", "error_description": NO_ANSWER}
    assert "claimsmith not reached: ECONNREFUSED" in (tmp_path / "log").read_text()


def test_a_token_that_is_none_is_not_printed(service: Service, tmp_path: Path) -> None:
    """A line break at its end is an invalid header, and the error would quote it."""
    with node_provider(service.url, f"{service.execute}\r\nx", tmp_path / "log") as url:
        application = Application(url, CLIENT)
        with closing(application.http):
            assert refused(application.token(**PASSWORD)) == AGAIN
    assert service.execute not in (tmp_path / "log").read_text()


def test_wrong_passwords(claimsmith: Between, application: Application, browser: Browser) -> None:
    for form in ({"password": "wrong"}, {"username": "nobody"}, {"password": ""}):
        assert refused(application.token(**PASSWORD | form))[:2] == (400, "invalid_grant")
    page = browser.send(browser.open(), username="ada", password="builder")
    assert (page.status_code, browser.told) == (401, {})
    assert claimsmith.asked == []


# A second factor


def test_a_login_with_a_second_factor(
    service: Service, claimsmith: Between, application: Application, browser: Browser
) -> None:
    service.set_rules(mfa=MFA, who=WHO)
    form = browser.send(browser.open(), **ADA)
    assert 'name="code"' in form.text
    browser.send(form, code=CODE)
    response = browser.exchange()
    claims = application.id_claims(response, browser.nonce)
    assert (claims["https://x/who"], claims["amr"]) == ("Ada Lovelace", ["pwd", "otp", "mfa"])
    first, second = (asked["context"] for asked in claimsmith.asked)
    assert [method["name"] for method in first["authentication"]["methods"]] == ["pwd"]
    assert [method["name"] for method in second["authentication"].pop("methods")] == ["pwd", "mfa"]
    del first["authentication"], second["authentication"]
    assert first == second
    # A refresh knows of it, and the next login of this session is not asked again.
    refreshed = application.token(grant_type="refresh_token", refresh_token=response.json()["refresh_token"])
    assert application.id_claims(refreshed, browser.nonce)["amr"] == ["pwd", "otp", "mfa"]
    browser.open()
    assert "code" in browser.told
    for asked in claimsmith.asked[2:]:
        assert [method["name"] for method in asked["context"]["authentication"]["methods"]] == ["pwd", "mfa"]
    # A new login with the password is.
    assert 'name="code"' in browser.send(browser.open(prompt="login"), **ADA).text


def test_a_second_factor_in_the_middle_of_a_session(
    service: Service, claimsmith: Between, application: Application, browser: Browser
) -> None:
    service.set_rules()
    browser.send(browser.open(), **ADA)
    before = application.id_claims(browser.exchange(), browser.nonce)
    service.set_rules(mfa=MFA)
    form = browser.open()
    assert 'name="code"' in form.text
    time.sleep(1.1)  # times are in seconds
    browser.send(form, code=CODE)
    claims = application.id_claims(browser.exchange(), browser.nonce)
    assert claims["amr"] == ["pwd", "otp", "mfa"]
    assert claims["auth_time"] == before["auth_time"]
    pwd, mfa = claimsmith.asked[-1]["context"]["authentication"]["methods"]
    assert (pwd["name"], mfa["name"]) == ("pwd", "mfa")
    assert pwd["timestamp"] == before["auth_time"] * 1000 < mfa["timestamp"]


def test_without_the_second_factor_there_is_no_code(
    service: Service, claimsmith: Between, issuer: str, browser: Browser
) -> None:
    """Nor by going on without the form, nor with somebody else's browser."""
    service.set_rules(mfa=MFA)
    form = browser.send(browser.open(), **ADA)
    uid = str(form.url).rpartition("/")[2]
    skipped = browser.follow(browser.http.get(f"{issuer}/auth/{uid}"))
    assert browser.told == {}
    assert 'name="code"' in skipped.text
    assert 'name="code"' in browser.open().text
    for method in ("GET", "POST"):
        stranger = httpx2.request(method, form.url, data={"code": CODE}, trust_env=False, verify=TRUST)
        assert (stranger.status_code, stranger.json()["error"]) == (400, "invalid_request")
    assert httpx2.get(f"{issuer}/continue", params={"state": uid}, trust_env=False, verify=TRUST).status_code == 400


def test_a_second_factor_is_its_givers_alone(service: Service, claimsmith: Between, browser: Browser) -> None:
    """Between the code and the way on the login grows too old (`max_age`), and somebody else gives a password."""
    service.set_rules()
    browser.send(browser.open(), **ADA)
    service.set_rules(mfa=MFA)
    browser.told = {}
    form = browser.open(max_age="4")
    accepted = browser.http.post(form.url, data={"code": CODE})
    assert accepted.status_code == 303
    time.sleep(5.1)
    login = browser.follow(accepted)
    assert 'name="password"' in login.text
    ended = browser.send(login, **BOB)  # ends Ada's session by a form that sends itself
    assert 'name="logout"' in ended.text
    action, xsrf = re.search(r'action="([^"]+)"', ended.text), re.search(r'name="xsrf" value="([^"]+)"', ended.text)
    assert action and xsrf
    browser.follow(browser.http.post(action[1], data={"xsrf": xsrf[1], "logout": "yes"}))
    asked = claimsmith.asked[-1]
    assert asked["user"]["user_id"] == "demo|bob"
    assert [method["name"] for method in asked["context"]["authentication"]["methods"]] == ["pwd"]
    assert browser.told == {
        "error": "interaction_required",
        "error_description": "the login needs a second factor",
    }


def test_wrong_codes(service: Service, claimsmith: Between, browser: Browser) -> None:
    service.set_rules(mfa=MFA)
    form = browser.send(browser.open(), **ADA)
    for wrong in ("135790", ""):
        form = browser.send(form, code=wrong)
        assert form.status_code == 401
    browser.send(form, code="000000")
    assert browser.told == {"error": "access_denied", "error_description": "too many wrong codes"}
    assert len(claimsmith.asked) == 1
    form = browser.send(browser.send(browser.open(prompt="login"), **ADA), code="135790")
    browser.send(form, code=CODE)
    assert "code" in browser.told


def test_codes_sent_at_the_same_time_are_as_many_tries(service: Service, browser: Browser) -> None:
    service.set_rules(mfa=MFA)
    form = browser.send(browser.open(), **ADA)
    answers: list[int] = []

    def guess() -> None:
        answers.append(browser.http.post(form.url, data={"code": "wrong"}).status_code)

    threads = [threading.Thread(target=guess) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [303] * 4 + [401] * 2
    # Nor are there new ones for who does not go on with the refusal.
    browser.send(form, code=CODE)
    assert browser.told == {"error": "access_denied", "error_description": "too many wrong codes"}


def test_a_rule_that_always_asks_gets_no_second_round(service: Service, claimsmith: Between, browser: Browser) -> None:
    service.set_rules(mfa=ALWAYS)
    browser.send(browser.send(browser.open(), **ADA), code=CODE)
    text = "the login needs a second factor"
    assert browser.told == {"error": "interaction_required", "error_description": text}
    assert len(claimsmith.asked) == 2


def test_somebody_without_a_second_factor(service: Service, browser: Browser) -> None:
    service.set_rules(mfa=MFA)
    browser.send(browser.open(), **BOB)
    text = "the login needs a second factor"
    assert browser.told == {"error": "interaction_required", "error_description": text}


def test_a_second_factor_needs_somebody(service: Service, application: Application, browser: Browser) -> None:
    service.set_rules()
    refresh = application.token(**PASSWORD).json()["refresh_token"]
    browser.send(browser.open(), **ADA)
    service.set_rules(mfa=ALWAYS)
    assert refused(application.token(**PASSWORD)) == (400, "interaction_required", "the login needs a second factor")
    text = "the login needs a second factor, which is not possible here"
    response = application.token(grant_type="refresh_token", refresh_token=refresh)
    assert refused(response) == (400, "interaction_required", text)
    browser.open(prompt="none")
    assert browser.told == {"error": "interaction_required", "error_description": text}


# A page


@pytest.fixture
def page(service: Service, issuer: str) -> Iterator[Page]:
    page = Page()
    page.issuer = issuer
    service.set_rules(age=AGE.replace("https://age.example.com/confirm", page.url))
    thread = threading.Thread(target=page.server.serve_forever, daemon=True)
    thread.start()
    try:
        yield page
    finally:
        page.server.shutdown()
        thread.join()
        page.server.server_close()


def by_way_of_the_page(browser: Browser, sent: httpx2.Response) -> httpx2.Response:
    """To the rule's page, and with its form back to the provider."""
    assert sent.status_code == 303, sent.text
    shown = httpx2.get(sent.headers["location"], trust_env=False, verify=TRUST)
    assert shown.status_code == 200
    assert f'action="{browser.application.issuer}/continue"' in shown.text
    # A form sent by another site comes without cookies (SameSite=Lax), and takes the browser along.
    to = f"{browser.application.issuer}/continue"
    back = httpx2.post(to, data=inputs(shown.text), trust_env=False, verify=TRUST)
    again = httpx2.post(to, data=inputs(shown.text), trust_env=False, verify=TRUST)
    assert (again.status_code, again.json()["error_description"]) == (400, "unknown state")
    return browser.follow(back)


def test_a_login_by_way_of_a_page_and_a_second_factor(
    service: Service, claimsmith: Between, application: Application, browser: Browser, page: Page
) -> None:
    service.set_rules(mfa=MFA, age=AGE.replace("https://age.example.com/confirm", page.url))
    sent = browser.send(browser.open(), **ADA)
    assert sent.headers["location"].startswith(page.url + "?session_token=")
    form = by_way_of_the_page(browser, sent)
    assert 'name="code"' in form.text
    browser.send(form, code=CODE)
    claims = application.id_claims(browser.exchange(), browser.nonce)
    assert (claims[CLAIM], claims["amr"]) == (True, ["pwd", "otp", "mfa"])
    protocols = [asked["context"]["protocol"] for asked in claimsmith.asked]
    assert protocols == ["oidc-basic-profile", "redirect-callback", "redirect-callback"]
    assert claimsmith.asked[1]["context"]["request"] == claimsmith.asked[2]["context"]["request"]
    # The provider has kept it: the next login needs no page.
    browser.open()
    assert application.id_claims(browser.exchange(), browser.nonce)[CLAIM] is True
    assert len(page.seen) == 1


def test_a_page_that_says_no_or_was_never_seen(service: Service, browser: Browser, page: Page, issuer: str) -> None:
    page.answers = lambda asked, honest: None
    sent = browser.send(browser.open(), **BOB)
    by_way_of_the_page(browser, sent)
    text = "the page gave no answer: log in again"
    assert browser.told == {"error": "access_denied", "error_description": text}
    state = httpx2.URL(sent.headers["location"]).params["state"]
    for unknown in (state, "x", ""):
        response = httpx2.post(f"{issuer}/continue", data={"state": unknown}, trust_env=False, verify=TRUST)
        assert (response.status_code, response.json()["error_description"]) == (400, "unknown state")
    browser.open(prompt="none")
    assert browser.told["error"] == "interaction_required"


def test_a_page_needs_a_browser(service: Service, application: Application, page: Page) -> None:
    response = application.token(**PASSWORD | BOB)
    text = "the login needs a redirect, which is not possible here"
    assert refused(response) == (400, "interaction_required", text)


# Over all of it


def test_nothing_secret_was_printed(service: Service, issuer: str, log: Path) -> None:
    printed = log.read_text()
    assert "the demo provider answers" in printed
    for secret in (service.execute, ADA["password"], CLIENT[1], SECRET):
        assert secret not in printed
