"""The snippets of docs/issuers/snippets.md, as they stand there, against the real service: what they do with an
`allow`, a denial, and with a service that is away. JavaScript runs in Node (snippets.js); authentik's Python here."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import textwrap
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, Literal

import httpx2
import pytest
import requests

from examples.demo import ROOT
from tests.examples.installation import Service, Way, installed, way_to
from tests.node import needs_node
from tests.servers import TRUST

DOCUMENT = (ROOT / "docs/issuers/snippets.md").read_text()
PLACEHOLDER = "https://claimsmith.internal/v1/execute"
CLAIMS = """
context.idToken["https://example.com/permissions"] = ["read:x"]
context.accessToken["https://example.com/plan"] = {"name": "gold"}
for name in ("iss", "sub", "aud", "exp", "iat", "nbf", "jti", "nonce", "azp", "sid", "auth_time", "acr", "amr"):
    context.idToken[name] = "forged"
    context.accessToken[name] = "forged"
"""
ID = {"https://example.com/permissions": ["read:x"]}
ACCESS = {"https://example.com/plan": {"name": "gold"}}
NO_ANSWER = "the login rules gave no answer"
REFUSALS = {
    "denied": ('raise UnauthorizedError("not today")', "not today"),
    "raised": ("return user.no_such_thing", None),
    "redirect": ('context.redirect = {"url": "https://consent.example.com/"}', None),
    "second factor": ('context.multifactor = {"provider": "any"}', None),
}
AWAY: tuple[Literal["cut", "garbled"], ...] = ("cut", "garbled")


def blocks(issuer: str, language: str) -> list[str]:
    """The code of one issuer's section, in order."""
    section = DOCUMENT.split(f"\n## {issuer}\n")[1].split("\n## ")[0]
    return re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)


class Snippets:
    """Runs them on the way to the service, with the token of an issuer."""

    def __init__(self, way: Way, token: str) -> None:
        self.way, self.token = way, token

    def placed(self, source: str) -> str:
        """With the address and the token that the reader is to put in."""
        return source.replace(PLACEHOLDER, self.way.url + "/v1/execute").replace("Bearer TOKEN", f"Bearer {self.token}")

    def node(self, issuer: str, source: str, **given: Any) -> Any:
        asked = {"issuer": issuer, "source": self.placed(source), "given": given}
        done = subprocess.run(
            ["node", str(ROOT / "tests/examples/snippets.js")],
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            timeout=30,
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        return json.loads(done.stdout)


@contextlib.contextmanager
def quickly() -> Iterator[None]:
    """Long before the way would end a call that gets no answer."""
    started = time.monotonic()
    yield
    assert time.monotonic() - started < 12


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with installed(tmp_path_factory.mktemp("snippets")) as service:
        yield service


@pytest.fixture(scope="module")
def the_way(service: Service) -> Iterator[Way]:
    with way_to(service.url) as way:
        yield way


@pytest.fixture
def way(the_way: Way) -> Iterator[Way]:
    the_way.asked.clear()
    yield the_way
    the_way.state = "open"


@pytest.fixture
def snippets(service: Service, way: Way) -> Snippets:
    return Snippets(way, service.execute)


@needs_node
def test_a_scope_that_the_issuer_cannot_change_is_a_refusal(service: Service, snippets: Snippets) -> None:
    service.allow_scope_changes(True)
    service.set_rule(CLAIMS + 'context.accessToken.scope = ["openid"]')
    assert logto(snippets) == {"denied": NO_ANSWER}
    assert fusionauth(snippets, populate=True)["jwt"].keys() == {"sub", "aud", "iss"}
    assert fusionauth(snippets, populate=False)["refused"] != []
    assert "failed" in pingam(snippets)
    assert mapping(snippets) == {}
    assert policy(snippets) == (False, [NO_ANSWER])
    service.allow_scope_changes(False)


def test_every_snippet_is_here() -> None:
    """A section that is added to the document needs a test."""
    assert re.findall(r"^## (.*)", DOCUMENT, re.MULTILINE) == [
        *("Auth0", "Logto", "FusionAuth", "authentik", "PingAM", "Descope", "Keycloak")
    ]
    assert len(re.findall(r"^```\w", DOCUMENT, re.MULTILINE)) == 1 + 1 + 3 + 2 + 1 + 1


# Auth0

EVENT: dict[str, Any] = {
    "user": {
        "user_id": "auth0|1",
        "email": "ada@example.com",
        "user_metadata": {"theme": "dark", "lang": "en"},
        "app_metadata": {"plan": "free"},
    },
    "client": {"client_id": "demo-app", "name": "Demo App", "metadata": {}},
    "connection": {"name": "users", "strategy": "auth0"},
    "transaction": {"protocol": "oidc-basic-profile", "requested_scopes": ["openid", "email"]},
    "authentication": {"methods": [{"name": "pwd", "timestamp": "2026-11-27T12:00:00.000Z"}]},
    "authorization": {"roles": ["editor"]},
    "stats": {"logins_count": 3},
    "request": {
        "ip": "203.0.113.7",
        "user_agent": "Browser/1",
        "hostname": "example.auth0.com",
        "query": {"client_id": "demo-app", "code": "secret-code"},
        "body": {"password": "secret-password", "refresh_token": "secret-token", "audience": "https://api"},
    },
}


def auth0(snippets: Snippets, handler: str = "onExecutePostLogin", redirect: bool = False, **event: Any) -> Any:
    [source] = blocks("Auth0", "js")
    secrets = {"CLAIMSMITH_URL": snippets.way.url, "CLAIMSMITH_TOKEN": snippets.token}
    given = EVENT | {"secrets": secrets} | event
    return snippets.node("auth0", source, handler=handler, event=given, canRedirect=redirect)["calls"]


@needs_node
def test_auth0_sets_the_claims_of_both_tokens(service: Service, snippets: Snippets) -> None:
    service.set_rule(CLAIMS)
    assert auth0(snippets) == [
        ["idToken.setCustomClaim", "https://example.com/permissions", ["read:x"]],
        ["accessToken.setCustomClaim", "https://example.com/plan", {"name": "gold"}],
    ]
    [asked] = snippets.way.asked
    assert asked["user"] == EVENT["user"]
    assert asked["context"]["authentication"] == {"methods": [{"name": "pwd", "timestamp": 1795780800000}]}
    assert asked["context"]["request"]["body"] == {"audience": "https://api"}
    assert "secret" not in json.dumps(asked)


@needs_node
@pytest.mark.parametrize("name", REFUSALS)
def test_auth0_denies(service: Service, snippets: Snippets, name: str) -> None:
    rule, text = REFUSALS[name]
    service.set_rule(rule)
    [[call, reason]] = auth0(snippets)
    assert call == "access.deny"
    assert text is None or reason == text
    assert len(snippets.way.asked) == 1


@needs_node
@pytest.mark.parametrize("state", [*AWAY, "silent"])
def test_auth0_denies_without_an_answer(service: Service, snippets: Snippets, state: Any) -> None:
    service.set_rule(CLAIMS)
    snippets.way.state = state
    with quickly():
        assert auth0(snippets) == [["access.deny", NO_ANSWER]]


@needs_node
def test_auth0_shows_the_page_of_a_rule_once(service: Service, snippets: Snippets) -> None:
    service.set_rule(REFUSALS["redirect"][0])
    assert auth0(snippets, redirect=True) == [["redirect.sendUserTo", "https://consent.example.com/"]]
    service.set_rule('context.idToken["said"] = context.request.body["answer"]\n' + REFUSALS["redirect"][0])
    request = EVENT["request"] | {"body": {"answer": "yes", "state": "s1"}}
    # The service does not redirect a login that comes back: a rule's second wish is nothing to it.
    [call] = auth0(snippets, handler="onContinuePostLogin", redirect=True, request=request)
    assert call == ["idToken.setCustomClaim", "said", "yes"]
    assert snippets.way.asked[1]["context"]["protocol"] == "redirect-callback"


@needs_node
def test_auth0_keeps_metadata_and_scope(service: Service, snippets: Snippets) -> None:
    service.allow_scope_changes(True)
    service.set_rule(
        'auth0.users.update_user_metadata(user.user_id, {"theme": None, "size": 2})\n'
        'context.accessToken.scope = ["openid", "write:x"]'
    )
    assert sorted(auth0(snippets)) == [
        ["accessToken.addScope", "write:x"],
        ["accessToken.removeScope", "email"],
        ["user.setUserMetadata", "size", 2],
        ["user.setUserMetadata", "theme", None],
    ]
    service.set_rule('auth0.users.update_user_metadata(user.user_id, {})\nraise UnauthorizedError("not today")')
    assert auth0(snippets) == [
        ["user.setUserMetadata", "theme", None],
        ["user.setUserMetadata", "lang", None],
        ["access.deny", "not today"],
    ]
    service.allow_scope_changes(False)


# Logto


def logto(snippets: Snippets, abort: bool = True, user: Any = "ada", gty: str = "authorization_code") -> Any:
    [source] = blocks("Logto", "js")
    person = {"id": "u1", "primaryEmail": "ada@example.com", "customData": {"plan": "free"}, "roles": []}
    return snippets.node(
        "logto",
        source,
        token={"clientId": "demo-app", "gty": gty, "accountId": "u1"},
        context={"user": person} if user else None,
        environmentVariables={"CLAIMSMITH_URL": snippets.way.url, "CLAIMSMITH_TOKEN": snippets.token},
        abort=abort,
    )


@needs_node
@pytest.mark.parametrize("abort", [True, False], ids=["cloud", "own server"])
def test_logto_returns_the_claims(service: Service, snippets: Snippets, abort: bool) -> None:
    service.set_rule(CLAIMS)
    assert logto(snippets, abort) == {"claims": ACCESS}
    [asked] = snippets.way.asked
    assert (asked["user"]["user_id"], asked["user"]["email"]) == ("u1", "ada@example.com")
    assert asked["context"]["clientID"] == "demo-app"


@needs_node
@pytest.mark.parametrize("name", REFUSALS)
def test_logto_denies(service: Service, snippets: Snippets, name: str) -> None:
    rule, text = REFUSALS[name]
    service.set_rule(rule)
    done = logto(snippets)
    assert done.keys() == {"denied"}
    assert text is None or done["denied"] == text


@needs_node
@pytest.mark.parametrize(("state", "abort"), [("cut", False), ("garbled", False), ("silent", True)])
def test_logto_denies_without_an_answer(service: Service, snippets: Snippets, state: Any, abort: bool) -> None:
    service.set_rule(CLAIMS)
    snippets.way.state = state
    with quickly():
        assert logto(snippets, abort) == {"denied": NO_ANSWER}


@needs_node
def test_logto_for_machines_and_refreshes(service: Service, snippets: Snippets) -> None:
    service.set_rule('raise UnauthorizedError("nobody")')
    assert logto(snippets, user=None, gty="client_credentials") == {"claims": {}}
    service.set_rule('context.accessToken["protocol"] = context.protocol')
    assert logto(snippets, gty="refresh_token") == {"claims": {"protocol": "oauth2-refresh-token"}}


# FusionAuth


def fusionauth(snippets: Snippets, populate: bool) -> Any:
    common, populating, validating = blocks("FusionAuth", "js")
    return snippets.node(
        "fusionauth",
        common + (populating if populate else validating),
        **{"lambda": "populate" if populate else "validate"},
        user={"id": "u1", "email": "ada@example.com", "firstName": "Ada", "data": {"plan": "free"}},
        registration={"applicationId": "demo-app", "roles": ["editor"]},
        jwt={"sub": "u1", "aud": "demo-app", "iss": "fusionauth"},
    )


@needs_node
def test_fusionauth_populates_the_token(service: Service, snippets: Snippets) -> None:
    service.set_rule(CLAIMS)
    done = fusionauth(snippets, populate=True)
    assert done["jwt"] == {"sub": "u1", "aud": "demo-app", "iss": "fusionauth"} | ACCESS
    assert done["errors"] == []
    [asked] = snippets.way.asked
    assert (asked["context"]["clientID"], asked["user"]["roles"]) == ("demo-app", ["editor"])
    assert fusionauth(snippets, populate=False)["refused"] == []


@needs_node
@pytest.mark.parametrize("name", REFUSALS)
def test_fusionauth_refuses_the_login_and_the_claims(service: Service, snippets: Snippets, name: str) -> None:
    rule, text = REFUSALS[name]
    service.set_rule(CLAIMS + rule)
    [refused] = fusionauth(snippets, populate=False)["refused"]
    assert refused["code"] == "[claimsmith]"
    assert text is None or refused["message"] == text
    done = fusionauth(snippets, populate=True)
    assert done["jwt"].keys() == {"sub", "aud", "iss"}
    assert len(done["errors"]) == 1


@needs_node
@pytest.mark.parametrize("state", [*AWAY, "silent"])
def test_fusionauth_without_an_answer(service: Service, snippets: Snippets, state: Any) -> None:
    service.set_rule(CLAIMS)
    snippets.way.state = state
    assert fusionauth(snippets, populate=False)["refused"] == [{"code": "[claimsmith]", "message": NO_ANSWER}]
    assert fusionauth(snippets, populate=True)["jwt"].keys() == {"sub", "aud", "iss"}


# PingAM


def pingam(snippets: Snippets, grant: str = "authorization_code") -> Any:
    [source] = blocks("PingAM", "js")
    return snippets.node("pingam", source, grant=grant, token=snippets.token)


@needs_node
def test_pingam_sets_the_fields(service: Service, snippets: Snippets) -> None:
    service.set_rule(CLAIMS)
    assert pingam(snippets) == {"set": [[name, value] for name, value in ACCESS.items()]}
    [asked] = snippets.way.asked
    assert (asked["user"]["user_id"], asked["context"]["protocol"]) == ("u1", "oidc-basic-profile")
    service.set_rule('raise UnauthorizedError("nobody")')
    assert pingam(snippets, "client_credentials") == {"set": []}


@needs_node
@pytest.mark.parametrize("name", REFUSALS)
def test_pingam_throws(service: Service, snippets: Snippets, name: str) -> None:
    service.set_rule(CLAIMS + REFUSALS[name][0])
    done = pingam(snippets)
    assert done["set"] == []
    assert done["failed"].startswith("claimsmith decided ")
    assert "not today" not in done["failed"]


@needs_node
@pytest.mark.parametrize("state", [*AWAY, "silent"])
def test_pingam_throws_without_an_answer(service: Service, snippets: Snippets, state: Any) -> None:
    service.set_rule(CLAIMS)
    snippets.way.state = state
    done = pingam(snippets)
    assert (done["set"], done["failed"]) == ([], "claimsmith decided null")


@pytest.mark.parametrize("source", [*blocks("PingAM", "js"), *blocks("FusionAuth", "js")])
def test_scripts_for_old_engines_are_ecmascript_5(source: str) -> None:
    assert not re.search(r"=>|`|\b(let|const|async|await|class)\b|\?\.|\?\?|\.\.\.", source)


# authentik


class Person(SimpleNamespace):
    def all_groups(self) -> list[SimpleNamespace]:
        return [SimpleNamespace(name="editors")]


ADA = Person(uuid="u1", username="ada", email="ada@example.com", name="Ada", attributes={"plan": "free"})


def authentik(snippets: Snippets, source: str, context: dict[str, Any]) -> Any:
    """The value of an expression: authentik makes a function of it, with the context's names as its parameters."""
    names = ", ".join(context)
    body = textwrap.indent(snippets.placed(source), "    ")
    session = requests.Session()
    session.trust_env = False
    found: dict[str, Any] = dict(context)
    with session:
        exec(f"def handler({names}):\n{body}\nresult = handler({names})", {"requests": session}, found)
    return found["result"]


def mapping(snippets: Snippets) -> Any:
    provider = SimpleNamespace(client_id="demo-app", name="Demo App")
    request = SimpleNamespace(user=ADA, http_request=None, context={})
    context = {"user": ADA, "request": request, "provider": provider, "token": None}
    return authentik(snippets, blocks("authentik", "python")[0], context)


def policy(snippets: Snippets) -> tuple[bool, list[str]]:
    said: list[str] = []
    request = SimpleNamespace(user=ADA, http_request=SimpleNamespace(GET={"client_id": "demo-app"}), context={})
    context = {
        "request": request,
        "ak_client_ip": "203.0.113.7",
        "ak_message": said.append,
        "ak_logger": SimpleNamespace(warning=lambda text: None),
    }
    return authentik(snippets, blocks("authentik", "python")[1], context), said


def test_authentik_maps_the_claims(service: Service, snippets: Snippets) -> None:
    service.set_rule(CLAIMS)
    assert mapping(snippets) == ID | ACCESS
    assert policy(snippets) == (True, [])
    for asked in snippets.way.asked:
        assert (asked["user"]["groups"], asked["context"]["clientID"]) == (["editors"], "demo-app")


@pytest.mark.parametrize("name", REFUSALS)
def test_authentik_refuses_the_login_and_the_claims(service: Service, snippets: Snippets, name: str) -> None:
    rule, text = REFUSALS[name]
    service.set_rule(CLAIMS + rule)
    assert mapping(snippets) == {}
    passed, [said] = policy(snippets)
    assert passed is False
    assert text is None or said == text


@pytest.mark.parametrize("state", [*AWAY, "silent"])
def test_authentik_without_an_answer(service: Service, snippets: Snippets, state: Any) -> None:
    service.set_rule(CLAIMS)
    snippets.way.state = state
    with quickly():
        with pytest.raises(requests.RequestException):  # authentik's answer to that is a token without the claims
            mapping(snippets)
        assert policy(snippets) == (False, [NO_ANSWER])


# Descope


def test_descope_s_payload_is_a_request(service: Service) -> None:
    service.set_rule(CLAIMS)
    [payload] = blocks("Descope", "json")
    headers = {"Authorization": f"Bearer {service.execute}"}
    answer = httpx2.post(
        f"{service.url}/v1/execute", json=json.loads(payload), headers=headers, trust_env=False, verify=TRUST
    )
    assert answer.status_code == 200
    assert (answer.json()["decision"], answer.json()["idToken"]) == ("allow", ID)
