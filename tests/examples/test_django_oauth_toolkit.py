"""django-oauth-toolkit asking the real service: a Django server in a process of its own, and an application on
Authlib's client that verifies what it gets."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import httpx2
import pytest

from examples.demo import ENVIRONMENT, ROOT, stop
from tests.examples.application import CALLBACK, Application, browse
from tests.examples.installation import Service, Way, installed, wait_for, way_to
from tests.servers import free_port

ALLOW = "return"
# django-oauth-toolkit warns at each password grant, which RFC 9700 forbids; the project has it to show it.
WARNINGS = ["-W", "error", "-W", "ignore:The OAuth 2.0 resource owner password credentials grant:DeprecationWarning"]
JOB = {"grant_type": "client_credentials"}
PASSWORD = {"grant_type": "password", "username": "ada", "password": "analytical", "scope": "openid profile"}


class Issuer:
    """The Django project. `url` is that of the issuer, `log` what it wrote."""

    def __init__(self, url: str, log: Path) -> None:
        self.url, self.log = url, log

    def application(self, scope: str = "openid profile") -> Application:
        return Application(self.url, "demo-app", scope=scope)

    def confidential(self, client_id: str) -> Application:
        return Application(self.url, client_id, "demo-secret", scope="openid profile")


@contextlib.contextmanager
def django(claimsmith: str, token: str, folder: Path) -> Iterator[Issuer]:
    port = free_port()
    module = "examples.django_oauth_toolkit.project"
    command = [sys.executable, *WARNINGS, "-m", module, "--claimsmith", claimsmith, "--token", token]
    log = folder / "issuer.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--port", str(port)],
            cwd=ROOT,
            env=ENVIRONMENT,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        wait_for(f"http://127.0.0.1:{port}/login/")
        yield Issuer(f"http://127.0.0.1:{port}/o", log)
    finally:
        stop(process)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with installed(tmp_path_factory.mktemp("dot-service")) as service:
        yield service


@pytest.fixture(scope="module")
def the_way(service: Service) -> Iterator[Way]:
    with way_to(service.url) as way:
        yield way


@pytest.fixture(scope="module")
def issuer(service: Service, the_way: Way, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Issuer]:
    with django(the_way.url, service.execute, tmp_path_factory.mktemp("dot-issuer")) as issuer:
        yield issuer


@pytest.fixture
def way(the_way: Way) -> Iterator[Way]:
    the_way.asked.clear()
    yield the_way
    the_way.state = "open"


# Claims.


def test_a_rule_s_claims_are_in_the_id_token(service: Service, issuer: Issuer, way: Way) -> None:
    """Neither the table of scopes nor the missing one of `https://example.com/` keeps them out."""
    service.set_rule(
        'context.idToken["https://example.com/permissions"] = user.permissions\n'
        'context.idToken["plan"] = {"name": "gold", "seats": 3}\n'
        'context.idToken["name"] = "Countess of Lovelace"'
    )
    application = issuer.application("openid profile")
    tokens = application.log_in()
    claims = application.id_claims(tokens)
    assert claims["https://example.com/permissions"] == ["auth.change_user"]
    assert claims["plan"] == {"name": "gold", "seats": 3}
    assert claims["name"] == "Countess of Lovelace"
    assert (claims["iss"], claims["aud"], claims["nonce"]) == (issuer.url, "demo-app", tokens["nonce"])
    [asked] = way.asked
    context = asked["context"]
    assert (asked["user"]["username"], asked["user"]["groups"]) == ("ada", ["editors"])
    assert (context["clientID"], context["protocol"]) == ("demo-app", "oidc-basic-profile")
    assert context["request"]["hostname"] == "127.0.0.1"
    assert context["request"]["ip"] == "127.0.0.1"
    assert context["request"]["userAgent"].startswith("Authlib")
    assert context["request"]["body"].keys() == {"grant_type", "redirect_uri", "client_id"}  # no code, no verifier


def test_claims_of_the_issuer_still_need_their_scope(service: Service, issuer: Issuer) -> None:
    service.set_rule('context.idToken["plan"] = "gold"')
    for scope, own in (("openid", set()), ("openid email", {"email"}), ("openid profile email", {"email", "name"})):
        application = issuer.application(scope)
        claims = application.id_claims(application.log_in())
        assert claims["plan"] == "gold"
        assert claims.keys() & {"email", "name"} == own


def test_no_rule_speaks_for_the_protocol(service: Service, issuer: Issuer) -> None:
    names = "iss sub aud exp iat nbf jti nonce azp at_hash c_hash sid auth_time acr amr".split()
    service.set_rule(f"for name in {names!r}:\n    context.idToken[name] = 'forged'\ncontext.idToken['plan'] = 'gold'")
    application = issuer.application()
    claims = application.id_claims(application.log_in())
    assert "forged" not in claims.values()
    assert claims["plan"] == "gold"


def test_userinfo_asks_nobody(service: Service, issuer: Issuer, way: Way) -> None:
    service.set_rule('context.idToken["plan"] = "gold"')
    application = issuer.application("openid email")
    tokens = application.log_in()
    info = httpx2.get(
        application.load_server_metadata()["userinfo_endpoint"],
        headers={"Authorization": f"Bearer {tokens['access_token']}"},
        trust_env=False,
    )
    assert info.json() == {"sub": application.id_claims(tokens)["sub"], "email": "ada@example.com"}
    assert len(way.asked) == 1


def test_a_refresh_asks_again(service: Service, issuer: Issuer, way: Way) -> None:
    service.set_rule('context.idToken["protocol"] = context.protocol')
    application = issuer.application()
    first = application.log_in()
    second = application.refresh(first)
    assert application.id_claims(first)["protocol"] == "oidc-basic-profile"
    assert application.id_claims(second)["protocol"] == "oauth2-refresh-token"
    assert second["access_token"] != first["access_token"]
    assert len(way.asked) == 2
    assert "refresh_token" not in way.asked[1]["context"]["request"]["body"]


def test_a_lifetime_that_rules_give_is_that_of_the_token(service: Service, issuer: Issuer) -> None:
    service.allow_lifetime_changes(True)
    service.set_rule("context.lifetime = {'idToken': 300, 'accessToken': 120}")
    application = issuer.application()
    tokens = application.log_in()
    service.allow_lifetime_changes(False)
    claims = application.id_claims(tokens)
    assert abs(claims["exp"] - time.time() - 300) < 30
    assert tokens["expires_in"] == 120


def test_a_scope_that_rules_narrow_is_the_scope_granted(service: Service, issuer: Issuer) -> None:
    service.allow_scope_changes(True)
    service.set_rule('context.accessToken.scope = ["openid"]')
    application = issuer.application("openid email")
    tokens = application.log_in()
    service.allow_scope_changes(False)
    assert tokens["scope"] == "openid"
    assert "email" not in application.id_claims(tokens)


def test_what_the_issuer_cannot_say_is_in_its_log(service: Service, issuer: Issuer) -> None:
    service.set_rule(
        'context.accessToken["https://example.com/plan"] = "gold"\n'
        'auth0.users.update_app_metadata(user.user_id, {"plan": "gold"})'
    )
    issuer.application().log_in()
    log = issuer.log.read_text()
    assert "not sent, access tokens hold no claims: https://example.com/plan" in log
    assert "not kept: app_metadata of user 1, which a rule changed" in log


# Grants without an ID token.


def test_the_password_grant_asks_though_it_gives_no_id_token(service: Service, issuer: Issuer, way: Way) -> None:
    application = issuer.confidential("demo-password")
    service.set_rule(ALLOW)
    tokens = application.log_in_by_password()
    assert "id_token" not in tokens
    assert tokens["token_type"] == "Bearer"
    [asked] = way.asked
    assert (asked["user"]["email"], asked["context"]["protocol"]) == ("ada@example.com", "oauth2-password")
    assert "analytical" not in str(asked)
    service.set_rule('raise UnauthorizedError("not today")')
    assert application.refused(PASSWORD) == (403, "access_denied", "not today")


def test_client_credentials_ask_without_a_user(service: Service, issuer: Issuer, way: Way) -> None:
    application = issuer.confidential("nightly-job")
    service.set_rule('raise UnauthorizedError("nobody")')  # rules do not run where there is no user
    # What looks like ours or Django's in the form is the client's, and nothing to go by.
    response = application.post(JOB | {"user": "ada", "claimsmith_decision": "allow"})
    assert (response.status_code, response.json()["scope"]) == (200, "jobs")
    assert [asked["user"] for asked in way.asked] == [None]
    way.state = "cut"
    assert application.refused(JOB)[:2] == (503, "temporarily_unavailable")
    assert application.refused(JOB | {"claimsmith_decision": "allow"})[:2] == (503, "temporarily_unavailable")


# Tokens from the authorization endpoint.


def hybrid(issuer: Issuer, **parameters: str) -> dict[str, Any]:
    application = issuer.confidential("demo-hybrid")
    pkce = {"code_challenge": "x" * 43, "code_challenge_method": "S256"}
    started = application.create_authorization_url(CALLBACK, response_type="code id_token", **pkce, **parameters)
    told: dict[str, Any] = dict(browse(started["url"]))
    if "id_token" in told:
        told |= {"claims": application.id_claims(told | {"nonce": started["nonce"]})}
    return told


def test_an_id_token_of_the_authorization_endpoint_is_asked_about(service: Service, issuer: Issuer, way: Way) -> None:
    service.set_rule('context.idToken["protocol"] = context.protocol')
    told = hybrid(issuer, grant_type="refresh_token")  # which means nothing there
    assert told["claims"]["protocol"] == "oidc-implicit-profile"
    assert [asked["user"]["username"] for asked in way.asked] == ["ada"]
    service.set_rule('raise UnauthorizedError("not today")')
    for grant in ("client_credentials", "authorization_code"):
        told = hybrid(issuer, grant_type=grant)
        assert (told["error"], told["error_description"]) == ("access_denied", "not today")
        assert not told.keys() & {"code", "id_token"}


# Refusals.


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ('raise UnauthorizedError("only \\"staff\\" \u2013 today")', (403, "access_denied", "only 'staff' ? today")),
        ("return user.no_such_thing", (500, "server_error", "")),
        ("while True: pass", (500, "server_error", "")),
        ('context.redirect = {"url": "https://consent.example.com/"}', (400, "interaction_required", "")),
        ('context.multifactor = {"provider": "any"}', (400, "interaction_required", "")),
    ],
    ids=["denied", "raised", "timed out", "redirect", "second factor"],
)
def test_no_clear_allow_no_token(
    service: Service, issuer: Issuer, way: Way, rule: str, expected: tuple[int, str, str]
) -> None:
    service.set_rule(rule)
    application = issuer.application()
    status, error, description = application.refused(application.code())
    assert (status, error) == expected[:2]
    assert expected[2] in description
    assert "no_such_thing" not in description
    assert len(way.asked) == 1


@pytest.mark.parametrize("state", ["cut", "silent", "trickle", "garbled"])
def test_no_answer_no_token(
    service: Service, issuer: Issuer, way: Way, state: Literal["cut", "silent", "trickle", "garbled"]
) -> None:
    service.set_rule(ALLOW)
    application = issuer.application()
    form = application.code()
    way.state = state
    expected = (500, "server_error") if state == "garbled" else (503, "temporarily_unavailable")
    assert application.refused(form)[:2] == expected
    assert application.refused(form)[:2] == expected
    # The code was not used up: where it was only Claimsmith that was away, the application may ask again.
    way.state = "open"
    assert application.post(form).status_code == 200
    assert application.refused(form)[:2] == (400, "invalid_grant")


def test_a_refused_refresh_keeps_the_refresh_token(service: Service, issuer: Issuer, way: Way) -> None:
    service.set_rule(ALLOW)
    application = issuer.application()
    form = {"grant_type": "refresh_token", "refresh_token": application.log_in()["refresh_token"]}
    way.state = "cut"
    assert application.refused(form)[:2] == (503, "temporarily_unavailable")
    way.state = "open"
    service.set_rule('raise UnauthorizedError("not today")')
    assert application.refused(form) == (403, "access_denied", "not today")
    service.set_rule(ALLOW)
    assert application.post(form).status_code == 200
    assert application.refused(form)[:2] == (400, "invalid_grant")


def test_a_service_that_is_not_there(tmp_path: Path) -> None:
    with django("http://127.0.0.1:1", "t", tmp_path) as issuer:  # nothing listens on port 1
        application = issuer.application()
        assert application.refused(application.code())[:2] == (503, "temporarily_unavailable")
        assert issuer.confidential("nightly-job").refused(JOB)[:2] == (503, "temporarily_unavailable")
        assert "claimsmith not reached" in issuer.log.read_text()


def test_a_service_that_does_not_know_the_token(service: Service, tmp_path: Path) -> None:
    with django(service.url, "no-token-of-yours", tmp_path) as issuer:
        assert issuer.confidential("nightly-job").refused(JOB)[:2] == (500, "server_error")
