"""LemonLDAP::NG with Claimsmith's rules, both ways: its portal asks its user database by REST, or the plugin asks about
each token. The real portal of the distribution's packages, the real service behind a proxy, and a client that verifies
what it gets."""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest
from joserfc import jwt

from examples import demo
from examples.demo import ROOT
from tests.examples.between import Between, Service, between
from tests.examples.openid_client import Application, Claims
from tests.lemonldap import needed, portal

needed()

PAGE = ROOT / "docs" / "issuers" / "lemonldap.md"
CALLBACK = "http://127.0.0.1:8300/callback"
SHOP, OPAQUE = ("shop", "shop-secret"), ("opaque", "opaque-secret")
CLIENTS: dict[str, dict[str, Any]] = {
    name: {"ClientID": name, "ClientSecret": secret, "DisplayName": name.title(), "RedirectUris": CALLBACK}
    for name, secret in (SHOP, OPAQUE)
}
CLIENTS["opaque"] |= {"AccessTokenJWT": 0}
PLAN = "https://example.com/plan"
EXPORTED = {name: name for name in (PLAN, "text", "empty", "number", "flag", "list", "object", "none", "_user")}
EXPORTED |= {"seats": "seats;int", "name": "cn", "email": "mail"}
PASSWORD = "4f1f9f4cc1dd4cbaa2d8f6ae5f0c9d7b"  # of the page
KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
WRONG, BROKEN = "5", "24"  # the portal's PE_BADCREDENTIALS and PE_ERROR
# What the portal says in tokens itself.
OWN = {"iss", "sub", "aud", "iat", "exp"}
OWN_ID, OWN_ACCESS = OWN | {"auth_time", "acr", "azp", "nonce", "at_hash"}, OWN | {"jti", "client_id", "scope"}


def rule(body: str) -> str:
    return "def rule(user, context):\n    " + "\n    ".join(body.splitlines()) + "\n"


def fenced(number: int) -> str:
    """A block of the page's configuration."""
    blocks: list[str] = re.findall(r"```ini\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return blocks[number]


# What can become of an answer on its way.


def cut(handler: BaseHTTPRequestHandler) -> None:
    """None comes, and the connection ends."""


def silent(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(3)


def trickle(handler: BaseHTTPRequestHandler) -> None:
    until = time.monotonic() + 6
    try:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while time.monotonic() < until:
            handler.wfile.write(b" ")
            time.sleep(0.05)
    except OSError:
        pass


def garbled(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b'HTTP/1.1 200 OK\r\n\r\n{"result": true, "decision": "allow", "idToken": {}, "acc')


class Person:
    """Somebody in front of a portal, with a browser and an application."""

    def __init__(self, issuer: str, account: tuple[str, str] = SHOP) -> None:
        self.application = Application(issuer, account, CALLBACK)
        self.browser = httpx2.Client(trust_env=False, timeout=20)
        self.nonce = secrets.token_urlsafe()

    def log_in(
        self, name: str = "dwho", password: str | None = None, scope: str = "openid", **more: str
    ) -> dict[str, str]:
        """What the browser brings to the application; or as `refused` what the portal's page says."""
        query = {"response_type": "code", "client_id": self.application.account[0], "redirect_uri": CALLBACK}
        query |= {"scope": scope, "state": "s", "nonce": self.nonce, **more}
        form = self.browser.get(self.application.metadata["authorization_endpoint"], params=query)
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form.text))
        login = {"user": name, "password": password or name}
        response = self.browser.post(form.url, data=hidden | login)
        if response.status_code == 200:
            (said,) = set(re.findall(r'trmsg="(\d+)"', response.text))
            return {"refused": said}
        assert response.status_code in (302, 303), response.text
        target = response.headers["location"]
        assert target.startswith(CALLBACK)
        parts = urlsplit(target)
        return dict(parse_qsl(parts.query) + parse_qsl(parts.fragment))

    def exchange(self, told: dict[str, str]) -> httpx2.Response:
        form = {"grant_type": "authorization_code", "code": told["code"], "redirect_uri": CALLBACK}
        return self.application.token(**form)

    def tokens(self, **login: str) -> httpx2.Response:
        return self.exchange(self.log_in(**login))

    def id_claims(self, response: httpx2.Response) -> Claims:
        return self.application.id_claims(response, self.nonce)

    def access_claims(self, response: httpx2.Response) -> Claims:
        claims = dict(jwt.decode(response.json()["access_token"], self.application.keys, algorithms=["RS256"]).claims)
        assert (claims["iss"], claims["aud"]) == (self.application.issuer, [self.application.account[0]])
        return claims

    def close(self) -> None:
        self.browser.close()
        self.application.http.close()


def rules_claims(claims: Claims, own: set[str]) -> Claims:
    assert own <= claims.keys(), own - claims.keys()
    return {name: value for name, value in claims.items() if name not in own}


def refused(response: httpx2.Response) -> tuple[int, Any]:
    body = response.json()
    assert not {"access_token", "id_token", "refresh_token"} & body.keys()
    return response.status_code, body["error"]


def record(service: Service, execution: str) -> Any:
    """The record of this execution, which comes after its answer."""
    deadline = time.monotonic() + 5
    while True:
        response = service.http.get(f"/v1/executions/{execution}")
        if response.status_code == 200 or time.monotonic() > deadline:
            assert response.status_code == 200, response.text
            return response.json()
        time.sleep(0.05)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    data = tmp_path_factory.mktemp("lemonldap") / "data"
    with demo.claimsmith(data) as url:
        service = Service(url, demo.service_token(data, "admin"), demo.service_token(data, "execute"))
        with closing(service.http):
            yield service


@pytest.fixture(scope="module")
def proxy(service: Service) -> Iterator[Between]:
    with between(service.url) as proxy:
        yield proxy


@pytest.fixture
def claimsmith(service: Service, proxy: Between) -> Between:
    proxy.reset()
    given = {"type": "basic", "username": "portal", "password": PASSWORD}
    service.call("PUT", "/v1/issuers/lemonldap/secrets/portal", given)
    service.call("PUT", "/v1/issuers/native/secrets/portal", {"type": "standard_webhooks", "value": KEY})
    return proxy


# The user database by REST


@pytest.fixture(scope="module")
def database_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("database") / "portal" / "log"


@pytest.fixture(scope="module")
def database(proxy: Between, database_log: Path) -> Iterator[str]:
    """A portal that is set up as the page says, but for where Claimsmith is, who checks passwords, and for how long it
    waits."""
    ini = fenced(0).replace("https://", "http://").replace("claimsmith.internal", urlsplit(proxy.url).netloc)
    ini = ini.replace("/acme", "/default").replace("= LDAP", "= Demo").replace("timeout => 5", "timeout => 1")
    with portal(database_log.parent, ini, CLIENTS, EXPORTED) as url:
        yield url


@pytest.fixture
def person(database: str, claimsmith: Between) -> Iterator[Person]:
    with closing(Person(database)) as person:
        yield person


def test_claims_of_a_login_are_in_its_tokens(service: Service, claimsmith: Between, person: Person) -> None:
    service.set_rules(
        plan=rule(f"context.idToken['{PLAN}'] = ['größe', user.user_id]\ncontext.accessToken.text = '🎉'")
    )
    response = person.tokens()
    expected = {PLAN: ["größe", "dwho"], "text": "🎉", "_user": "dwho"}
    claims = person.id_claims(response)
    assert rules_claims(claims, OWN_ID) == expected
    assert (claims["sub"], claims["acr"]) == ("dwho", "loa-1")
    assert rules_claims(person.access_claims(response), OWN_ACCESS) == expected
    assert claimsmith.asked == [{"user": "dwho", "useMail": False}]
    bearer = {"authorization": f"Bearer {response.json()['access_token']}"}
    userinfo = person.application.http.get(person.application.metadata["userinfo_endpoint"], headers=bearer).json()
    assert rules_claims(userinfo, {"sub"}) == expected


def test_what_becomes_of_each_kind_of_value(service: Service, person: Person) -> None:
    wanted = {
        "text": "a; b",
        "empty": "",
        "number": 1.5,
        "seats": 5,
        "flag": False,
        "list": [],
        "object": {"a": [None]},
    }
    service.set_rules(values=rule(f"for name, value in {wanted!r}.items():\n    context.idToken[name] = value"))
    claims = rules_claims(person.id_claims(person.tokens()), OWN_ID)
    assert claims == {
        "text": ["a", "b"],
        "number": "1.5",
        "seats": 5,
        "flag": False,
        "list": [],
        "object": {"a": [None]},
        "_user": "dwho",
    }


def test_no_rule_says_who_somebody_is(service: Service, claimsmith: Between, person: Person) -> None:
    names = ["_user", "_whatToTrace", "_lastAuthnUTime", "authenticationLevel", "ipAddr", "hGroups", "none"]
    service.set_rules(root=rule(f"for name in {names!r}:\n    context.idToken[name] = None if name == 'none' else 5"))
    claims = person.id_claims(person.tokens())
    assert (claims["sub"], claims["acr"]) == ("dwho", "loa-1")
    assert abs(claims["auth_time"] - time.time()) < 60
    assert rules_claims(claims, OWN_ID) == {"_user": "dwho"}
    assert claimsmith.answered is not None
    warnings = record(service, claimsmith.answered.headers["claimsmith-execution"])["warnings"]
    assert [one["code"] for one in warnings] == [*["claim_reserved"] * 6, "value_not_carried"]


def test_rules_are_asked_before_the_password_is_looked_at(
    service: Service, claimsmith: Between, person: Person
) -> None:
    service.set_rules(plan=rule(f"context.idToken['{PLAN}'] = 'gold'"))
    assert person.log_in(password="guessed") == {"refused": WRONG}
    assert claimsmith.asked == [{"user": "dwho", "useMail": False}]


REFUSALS = [
    ("raise UnauthorizedError('not today')", WRONG),
    ("context.redirect = {'url': 'https://consent.example.com/'}", WRONG),
    ("context.multifactor = {'provider': 'any'}", WRONG),
    ("return user.no_such_thing", BROKEN),
    ("while True: pass", BROKEN),
]
RULES = ["denied", "redirect", "second factor", "raised", "timed out"]


@pytest.mark.parametrize(("body", "said"), REFUSALS, ids=RULES)
def test_nobody_logs_in_whom_a_rule_refuses(
    service: Service, claimsmith: Between, person: Person, body: str, said: str
) -> None:
    service.set_rules(no=rule(body))
    assert person.log_in() == {"refused": said}
    assert refused(password_grant(person)) == (400, "invalid_grant")
    assert len(claimsmith.asked) == 2


def password_grant(person: Person, scope: str = "openid") -> httpx2.Response:
    return person.application.token(grant_type="password", username="dwho", password="dwho", scope=scope)


@pytest.mark.parametrize("says", [cut, silent, garbled])
def test_nobody_logs_in_without_an_answer(
    service: Service, claimsmith: Between, person: Person, says: Callable[[BaseHTTPRequestHandler], None]
) -> None:
    service.set_rules()
    claimsmith.says = says
    began = time.monotonic()
    assert person.log_in() == {"refused": BROKEN}
    assert time.monotonic() - began < 2.5
    claimsmith.says = None
    assert person.tokens().status_code == 200


def test_a_portal_with_another_password(service: Service, claimsmith: Between, person: Person) -> None:
    service.set_rules()
    another = {"type": "basic", "username": "portal", "password": "another-password-altogether"}
    service.call("PUT", "/v1/issuers/lemonldap/secrets/portal", another)
    assert person.log_in() == {"refused": BROKEN}
    (issuer,) = (one for one in service.call("GET", "/v1/issuers")["issuers"] if one["name"] == "lemonldap")
    assert issuer["last_call"]["error"] == "credentials"


def test_an_offline_session_asks_at_its_refresh_and_ends_with_a_denial(
    service: Service, claimsmith: Between, person: Person
) -> None:
    service.set_rules(plan=rule(f"context.idToken['{PLAN}'] = 'free'"))
    first = person.tokens(scope="openid offline_access")
    assert person.id_claims(first)[PLAN] == "free"
    form = {"grant_type": "refresh_token", "refresh_token": first.json()["refresh_token"]}
    service.set_rules(plan=rule(f"context.idToken['{PLAN}'] = 'paid'"))
    assert person.application.id_claims(person.application.token(**form))[PLAN] == "paid"
    assert len(claimsmith.asked) == 2
    service.set_rules(no=rule("return user.no_such_thing"))
    assert refused(person.application.token(**form)) == (400, "invalid_grant")
    service.set_rules()
    assert person.application.token(**form).status_code == 200
    service.set_rules(no=rule("raise UnauthorizedError('gone')"))
    assert refused(person.application.token(**form)) == (400, "invalid_grant")
    service.set_rules()
    assert refused(person.application.token(**form)) == (400, "invalid_request")


def test_rules_beside_a_directory(service: Service, claimsmith: Between, database: str, tmp_path: Path) -> None:
    """The combination that the page shows, where the people of the demonstration are the directory."""
    (combination,) = re.findall(r"`(\[LDAP, .*?\])`", PAGE.read_text())
    modules = {"LDAP": {"type": "Demo", "for": 0}, "Rules": {"type": "REST", "for": 2}}
    both = {"authentication": "Combination", "combination": combination, "combModules": modules}
    url = claimsmith.url.replace("http://", f"http://portal:{PASSWORD}@") + "/v1/hooks/lemonldap/default"
    service.set_rules(plan=rule(f"context.idToken['{PLAN}'] = 'gold'\ncontext.idToken.cn = 'The Doctor'"))
    with portal(tmp_path / "portal", "", CLIENTS, EXPORTED, restUserDBUrl=url, **both) as issuer:
        with closing(Person(issuer)) as person:
            claims = rules_claims(person.id_claims(person.tokens()), OWN_ID)
            assert claims == {PLAN: "gold", "name": "The Doctor", "email": "dwho@badwolf.org", "_user": "dwho"}
            assert claimsmith.asked == [{"user": "dwho", "useMail": False}]
        with closing(Person(issuer)) as person:
            assert person.log_in("nobody") == {"refused": WRONG}
            service.set_rules(no=rule("raise UnauthorizedError('no')"))
            assert person.log_in("rtyler") == {"refused": WRONG}
        assert [asked["user"] for asked in claimsmith.asked] == ["dwho", "rtyler"]


def test_the_portal_prints_no_password(database: str, database_log: Path) -> None:
    printed = database_log.read_text()
    assert "UserDB REST error: 401 Unauthorized" in printed
    assert PASSWORD not in printed


# The plugin


@pytest.fixture(scope="module")
def plugin_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("plugin") / "portal" / "log"


@pytest.fixture(scope="module")
def plugged(proxy: Between, plugin_log: Path) -> Iterator[str]:
    """A portal that is set up as the page says, but for where Claimsmith is."""
    ini = fenced(1).replace("https://claimsmith.internal", proxy.url).replace("'acme'", "'default'")
    with portal(plugin_log.parent, ini, CLIENTS, EXPORTED) as url:
        yield url


@pytest.fixture
def customer(plugged: str, claimsmith: Between) -> Iterator[Person]:
    with closing(Person(plugged)) as customer:
        yield customer


def test_rules_decide_on_the_claims_of_both_tokens(service: Service, claimsmith: Between, customer: Person) -> None:
    service.set_rules(
        claims=rule(
            f"context.idToken['{PLAN}'] = ['größe', user.name]\ncontext.idToken['name'] = 'The Doctor'\n"
            "del context.idToken['email']\ncontext.accessToken['text'] = {'a': [None, 1.5, True]}"
        )
    )
    response = customer.tokens(scope="openid profile")
    identity, access = customer.id_claims(response), customer.access_claims(response)
    assert rules_claims(identity, OWN_ID) == {PLAN: ["größe", "Doctor Who"], "name": "The Doctor", "_user": "dwho"}
    assert rules_claims(access, OWN_ACCESS) == {
        "text": {"a": [None, 1.5, True]},
        "name": "Doctor Who",
        "email": "dwho@badwolf.org",
        "_user": "dwho",
    }
    assert (identity["sub"], access["sub"], access["scope"]) == ("dwho", "dwho", "openid profile")
    [asked] = claimsmith.asked
    own = {"name": "Doctor Who", "email": "dwho@badwolf.org", "_user": "dwho"}
    asked["user"]["groups"].sort()
    assert asked == {
        "deadline_ms": 1500,
        "user": {
            "user_id": "dwho",
            "username": "dwho",
            "name": "Doctor Who",
            "email": "dwho@badwolf.org",
            "groups": ["timelords", "users"],
        },
        "context": {
            "clientID": "shop",
            "clientName": "Shop",
            "connection": "Demo",
            "protocol": "oidc-basic-profile",
            "request": {"ip": "127.0.0.1"},
            "authentication": {"methods": []},
            "idToken": own,
            "accessToken": own,
        },
    }


@pytest.mark.parametrize("body", [body for body, _ in REFUSALS], ids=RULES)
def test_no_token_that_a_rule_refuses(
    service: Service, claimsmith: Between, customer: Person, plugin_log: Path, body: str
) -> None:
    service.set_rules(no=rule(body))
    assert refused(customer.tokens()) == (500, "server_error")
    assert len(claimsmith.asked) == 1
    said = plugin_log.read_text().rpartition("Claimsmith: no token of shop for dwho: ")[2]
    (execution,) = re.findall(r"^\w+ .* \((\w+)\)$", said, re.MULTILINE)
    assert said.startswith(record(service, execution)["decision"])
    assert refused(password_grant(customer)) == (500, "server_error")


@pytest.mark.parametrize("says", [cut, silent, trickle, garbled])
def test_no_token_without_an_answer(
    service: Service, claimsmith: Between, customer: Person, says: Callable[[BaseHTTPRequestHandler], None]
) -> None:
    service.set_rules()
    told = customer.log_in()
    claimsmith.says = says
    began = time.monotonic()
    assert refused(customer.exchange(told)) == (500, "server_error")
    assert time.monotonic() - began < 3
    claimsmith.says = None
    assert refused(customer.exchange(told)) == (400, "invalid_grant")  # a code is good once
    assert password_grant(customer).status_code == 200


ALLOW = '"execution_id": "x", "decision": "allow"'
EMPTY = '"idToken": {}, "accessToken": {}'
USELESS = {
    "another status": (500, f"{{{ALLOW}, {EMPTY}}}"),
    "no claims": (200, f'{{{ALLOW}, "idToken": {{}}}}'),
    "claims in a list": (200, f'{{{ALLOW}, "idToken": [], "accessToken": {{}}}}'),
    "too large": (200, f"{{{ALLOW}, {EMPTY}}}" + " " * 1_000_000),
    "an unknown decision": (200, f'{{"execution_id": "x", "decision": "allowed", {EMPTY}}}'),
    "a decision with more behind it": (200, f'{{"execution_id": "x", "decision": "allow\\n", {EMPTY}}}'),
    "decisions in a list": (200, f'{{"execution_id": "x", "decision": ["allow"], {EMPTY}}}'),
    "a list": (200, '["allow"]'),
    "true": (200, "true"),
    "nothing": (200, ""),
}


@pytest.mark.parametrize(("status", "body"), USELESS.values(), ids=USELESS)
def test_no_token_for_another_answer(claimsmith: Between, customer: Person, status: int, body: str) -> None:
    claimsmith.says = (status, body.encode())
    assert refused(password_grant(customer)) == (500, "server_error")


def test_the_call_goes_nowhere_else(claimsmith: Between, customer: Person) -> None:
    def elsewhere(handler: BaseHTTPRequestHandler) -> None:
        answer = f"{{{ALLOW}, {EMPTY}}}".encode() if handler.path == "/elsewhere" else b""
        handler.send_response(200 if answer else 307)
        handler.send_header("Location", f"{claimsmith.url}/elsewhere")
        handler.send_header("Content-Length", str(len(answer)))
        handler.end_headers()
        handler.wfile.write(answer)

    claimsmith.says = elsewhere
    assert refused(password_grant(customer)) == (500, "server_error")
    assert len(claimsmith.asked) == 1


def test_no_answer_speaks_for_the_protocol(claimsmith: Between, customer: Person) -> None:
    names = "iss sub aud exp nbf iat jti nonce azp at_hash c_hash sid auth_time acr amr client_id scope".split()
    forged = json.dumps({**dict.fromkeys(names, "forged"), "text": "true"})
    claimsmith.says = (200, f'{{{ALLOW}, "idToken": {forged}, "accessToken": {forged}}}'.encode())
    response = customer.tokens()
    assert rules_claims(customer.id_claims(response), OWN_ID) == {"text": "true"}
    assert rules_claims(customer.access_claims(response), OWN_ACCESS) == {"text": "true"}


def test_a_plugin_with_another_key(service: Service, customer: Person, plugin_log: Path) -> None:
    another = {"type": "standard_webhooks", "value": "whsec_" + "QUJD" * 10}
    service.call("PUT", "/v1/issuers/native/secrets/portal", another)
    assert refused(customer.tokens()) == (500, "server_error")
    assert "Claimsmith: no token, because nothing was decided: 401 Unauthorized" in plugin_log.read_text()


def test_each_grant_is_asked_about(service: Service, claimsmith: Between, customer: Person) -> None:
    service.set_rules(plan=rule("context.idToken.text = context.accessToken.text = context.protocol"))
    first = customer.tokens(scope="openid offline_access")
    form = {"grant_type": "refresh_token", "refresh_token": first.json()["refresh_token"]}
    refreshed = customer.application.token(**form)
    assert customer.id_claims(first)["text"] == "oidc-basic-profile"
    assert customer.application.id_claims(refreshed)["text"] == "oauth2-refresh-token"
    assert customer.application.id_claims(password_grant(customer))["text"] == "oauth2-password"
    assert customer.access_claims(password_grant(customer, "profile"))["text"] == "oauth2-password"
    machine = customer.application.token(grant_type="client_credentials", scope="profile")
    assert "text" not in customer.access_claims(machine)
    assert [asked["user"] and asked["user"]["user_id"] for asked in claimsmith.asked] == [*["dwho"] * 4, None]
    service.set_rules(no=rule("raise UnauthorizedError('no')"))
    assert refused(customer.application.token(**form)) == (500, "server_error")
    service.set_rules()
    assert customer.application.token(**form).status_code == 200


def test_a_browser_says_nothing_of_the_grant(service: Service, claimsmith: Between, customer: Person) -> None:
    """Without a user no rule would run."""
    service.set_rules(plan=rule("context.idToken.text = context.accessToken.text = context.protocol"))
    implicit = {"response_type": "id_token token", "grant_type": "client_credentials"}
    told = customer.log_in(**implicit)
    claims = jwt.decode(told["id_token"], customer.application.keys, algorithms=["RS256"]).claims
    assert (claims["text"], claims["sub"], claims["nonce"]) == ("oidc-implicit-profile", "dwho", customer.nonce)
    [asked] = claimsmith.asked
    assert asked["user"]["user_id"] == "dwho"
    service.set_rules(no=rule("raise UnauthorizedError('no')"))
    customer.browser.cookies.clear()
    assert customer.log_in(**implicit) == {"refused": BROKEN}
    assert len(claimsmith.asked) == 2


def test_opaque_access_tokens(service: Service, claimsmith: Between, plugged: str, plugin_log: Path) -> None:
    service.set_rules(plan=rule("context.idToken.text = context.accessToken.text = user.user_id"))
    with closing(Person(plugged, OPAQUE)) as customer:
        response = customer.tokens()
        assert customer.id_claims(response)["text"] == "dwho"
        assert "." not in response.json()["access_token"]
        assert "the access token of opaque is not JWT, and has no claims" in plugin_log.read_text()
        service.set_rules(no=rule("raise UnauthorizedError('no')"))
        assert refused(customer.tokens()) == (500, "server_error")
        claimsmith.asked.clear()
        assert refused(password_grant(customer, "profile")) == (400, "invalid_scope")
        machine = customer.application.token(grant_type="client_credentials", scope="profile")
        assert refused(machine) == (400, "invalid_scope")
        assert claimsmith.asked == []


@pytest.mark.parametrize("missing", ["claimsmithUrl", "claimsmithSecret"])
def test_a_portal_does_not_start_without_its_settings(tmp_path: Path, missing: str) -> None:
    ini = fenced(1).replace(missing, "another")
    said = pytest.raises(AssertionError, match="Claimsmith: claimsmithUrl, or claimsmithSecret")
    with said, portal(tmp_path / "portal", ini, CLIENTS, EXPORTED):
        pass


def test_the_plugin_prints_nothing_secret(plugged: str, plugin_log: Path) -> None:
    printed = plugin_log.read_text()
    assert "Claimsmith: no token of shop for dwho: deny not today" in printed
    for secret in (KEY, KEY.removeprefix("whsec_"), SHOP[1]):
        assert secret not in printed
