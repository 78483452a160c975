"""Authlib's Flask integration asking the real service: a WSGI server on loopback, and an application on Authlib's
client that verifies what it gets."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Literal

import httpx2
import pytest
from werkzeug.serving import make_server

from examples.blocking_hook import Claimsmith
from examples.flask_issuer import create_issuer
from tests.examples.application import CALLBACK, Application
from tests.examples.installation import Service, Way, installed, way_to
from tests.servers import TRUST

ALLOW = "return"
API = "https://api.example.com/"
JOB = {"grant_type": "client_credentials", "scope": "jobs"}
PASSWORD = {"grant_type": "password", "username": "ada", "password": "analytical", "scope": "openid profile"}


class Issuer:
    def __init__(self, url: str) -> None:
        self.url = url

    def application(self, scope: str = "openid profile") -> Application:
        return Application(self.url, "demo-app", "demo-secret", scope=scope)

    def job(self) -> Application:
        return Application(self.url, "nightly-job", "demo-secret", scope="jobs")


@contextlib.contextmanager
def flask(claimsmith: str, token: str) -> Iterator[Issuer]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        asking = Claimsmith(claimsmith + "/v1/execute", token)
        server = make_server("127.0.0.1", 0, create_issuer(asking, url), threaded=True, fd=listener.fileno())
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield Issuer(url)
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
            asking.close()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with installed(tmp_path_factory.mktemp("flask-service")) as service:
        yield service


@pytest.fixture(scope="module")
def the_way(service: Service) -> Iterator[Way]:
    with way_to(service.url) as way:
        yield way


@pytest.fixture(scope="module")
def issuer(service: Service, the_way: Way) -> Iterator[Issuer]:
    with flask(the_way.url, service.execute) as issuer:
        yield issuer


@pytest.fixture
def way(the_way: Way) -> Iterator[Way]:
    the_way.asked.clear()
    yield the_way
    the_way.state = "open"


# Claims.


def test_a_rule_s_claims_are_in_both_tokens(service: Service, issuer: Issuer, way: Way) -> None:
    service.set_rule(
        'context.idToken["https://example.com/permissions"] = user.app_metadata.authorization.permissions\n'
        'context.idToken["name"] = "Countess of Lovelace"\n'
        'context.accessToken["https://example.com/plan"] = {"name": "gold", "seats": 3}'
    )
    application = issuer.application()
    tokens = application.log_in()
    claims, access = application.id_claims(tokens), application.access_claims(tokens)
    assert claims["https://example.com/permissions"] == ["read:articles", "write:articles"]
    assert (claims["name"], claims["sub"], claims["nonce"]) == ("Countess of Lovelace", "demo|ada", tokens["nonce"])
    assert access["https://example.com/plan"] == {"name": "gold", "seats": 3}
    assert (access["sub"], access["aud"], access["client_id"]) == ("demo|ada", API, "demo-app")
    [asked] = way.asked
    context = asked["context"]
    assert asked["user"].keys() & {"password", "totp"} == set()
    assert (context["clientID"], context["protocol"]) == ("demo-app", "oidc-basic-profile")
    assert context["request"]["ip"] == "127.0.0.1"
    assert context["request"]["body"].keys() == {"grant_type", "redirect_uri"}  # no code, no verifier


def test_claims_of_the_issuer_still_need_their_scope(service: Service, issuer: Issuer) -> None:
    service.set_rule('context.idToken["plan"] = "gold"')
    for scope, own in (("openid", set()), ("openid email", {"email", "email_verified"})):
        application = issuer.application(scope)
        claims = application.id_claims(application.log_in())
        assert claims["plan"] == "gold"
        assert claims.keys() & {"email", "email_verified", "name"} == own


def test_no_rule_speaks_for_the_protocol(service: Service, issuer: Issuer) -> None:
    names = "iss sub aud exp iat nbf jti nonce azp at_hash c_hash sid auth_time acr amr client_id scope".split()
    service.set_rule(
        f"for name in {names!r}:\n    context.idToken[name] = 'forged'\n    context.accessToken[name] = 'forged'"
    )
    application = issuer.application()
    tokens = application.log_in()
    claims, access = application.id_claims(tokens), application.access_claims(tokens)
    assert "forged" not in [*claims.values(), *access.values()]
    assert (claims["iss"], access["iss"], access["scope"]) == (issuer.url, issuer.url, "openid profile")


def test_a_refresh_asks_again(service: Service, issuer: Issuer, way: Way) -> None:
    service.set_rule(
        'context.idToken["protocol"] = context.protocol\n'
        'auth0.users.update_app_metadata(user.user_id, {"seen": context.protocol})'
    )
    application = issuer.application()
    first = application.log_in()
    second = application.refresh(first)
    assert application.id_claims(first)["protocol"] == "oidc-basic-profile"
    assert application.id_claims(second)["protocol"] == "oauth2-refresh-token"
    assert len(way.asked) == 2
    # What the first login's rules asked for was kept.
    assert way.asked[1]["user"]["app_metadata"]["seen"] == "oidc-basic-profile"
    assert "refresh_token" not in way.asked[1]["context"]["request"]["body"]


def test_the_password_grant_gives_an_id_token(service: Service, issuer: Issuer, way: Way) -> None:
    service.set_rule('context.idToken["protocol"] = context.protocol')
    application = issuer.application()
    tokens = application.log_in_by_password()
    assert application.id_claims(tokens)["protocol"] == "oauth2-password"
    assert len(way.asked) == 1
    assert "analytical" not in str(way.asked)
    service.set_rule('raise UnauthorizedError("not today")')
    assert application.refused(PASSWORD) == (403, "access_denied", "not today")


def test_client_credentials_ask_without_a_user(service: Service, issuer: Issuer, way: Way) -> None:
    service.set_rule('raise UnauthorizedError("nobody")')  # rules do not run where there is no user
    application = issuer.job()
    response = application.post(JOB)
    assert response.status_code == 200
    assert application.access_claims(response.json())["sub"] == "nightly-job"
    assert [asked["user"] for asked in way.asked] == [None]
    way.state = "cut"
    assert application.refused(JOB)[:2] == (503, "temporarily_unavailable")


def test_a_lifetime_that_rules_give_is_that_of_the_token(service: Service, issuer: Issuer) -> None:
    service.allow_lifetime_changes(True)
    service.set_rule("context.lifetime = {'idToken': 300, 'accessToken': 120}")
    application = issuer.application()
    tokens = application.log_in()
    service.allow_lifetime_changes(False)
    claims = application.id_claims(tokens)
    assert abs(claims["exp"] - time.time() - 300) < 30
    assert tokens["expires_in"] == 120
    access = application.access_claims(tokens)
    assert access["exp"] - access["iat"] == 120


def test_a_scope_that_rules_narrow_is_the_scope_granted(service: Service, issuer: Issuer) -> None:
    service.allow_scope_changes(True)
    service.set_rule('context.accessToken.scope = ["openid"]')
    application = issuer.application("openid email")
    tokens = application.log_in()
    service.allow_scope_changes(False)
    assert (tokens["scope"], application.access_claims(tokens)["scope"]) == ("openid", "openid")
    assert "email" not in application.id_claims(tokens)


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
    form = application.code()
    status, error, description = application.refused(form)
    assert (status, error) == expected[:2]
    assert expected[2] in description
    assert "no_such_thing" not in description
    assert len(way.asked) == 1
    service.set_rule(ALLOW)
    assert application.post(form).status_code == 200  # nothing was stored, and the code not used up


@pytest.mark.parametrize("state", ["cut", "silent", "trickle", "garbled"])
def test_no_answer_no_token(
    service: Service, issuer: Issuer, way: Way, state: Literal["cut", "silent", "trickle", "garbled"]
) -> None:
    service.set_rule(ALLOW)
    application = issuer.application()
    form = application.code()
    way.state = state
    expected = (500, "server_error") if state == "garbled" else (503, "temporarily_unavailable")
    started = time.monotonic()
    assert application.refused(form)[:2] == expected
    assert time.monotonic() - started < 4
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


def test_a_service_that_is_not_there() -> None:
    with flask("http://127.0.0.1:1", "t") as issuer:  # nothing listens on port 1
        application = issuer.application()
        assert application.refused(application.code())[:2] == (503, "temporarily_unavailable")
        assert issuer.job().refused(JOB)[:2] == (503, "temporarily_unavailable")


# The issuer's own part.


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"code": "guessed"}, "invalid_grant"),
        ({"code_verifier": "x" * 48}, "invalid_grant"),
        ({"redirect_uri": "http://127.0.0.1:8300/other"}, "invalid_grant"),
    ],
)
def test_whose_code_it_is_decides_the_issuer(issuer: Issuer, way: Way, form: dict[str, str], expected: str) -> None:
    application = issuer.application()
    assert application.refused(application.code() | form)[1] == expected
    assert way.asked == []


def test_a_login_without_pkce_or_with_a_wrong_password(issuer: Issuer, way: Way) -> None:
    url = issuer.application().create_authorization_url(CALLBACK)["url"]
    for challenge in ("&code_challenge_method=plain", ""):
        response = httpx2.get(url.replace("&code_challenge_method=S256", challenge), trust_env=False, verify=TRUST)
        assert "error=invalid_request" in response.headers["location"]
    wrong = {"username": "ada", "password": "wrong"}
    assert httpx2.post(url, data=wrong, trust_env=False, verify=TRUST).status_code == 401
    assert way.asked == []
