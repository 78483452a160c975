# mypy: allow-subclassing-any, allow-untyped-calls, disable-error-code="import-untyped"
#   (Authlib ships no type information)
"""An application that logs people in by OpenID Connect, on Authlib's client: it knows no more of the issuer than its
address, and believes no token whose signature, issuer, audience, nonce and hash are not right."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx2
from authlib.integrations.base_client import BaseApp, OAuth2Mixin, OpenIDMixin
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.servers import TRUST

CALLBACK = "http://127.0.0.1:8300/callback"
PASSWORDS = {"ada": "analytical", "bob": "builder"}

Claims = dict[str, Any]


class Session(OAuth2Session):
    """Without the machine's proxies: everything is on loopback."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.trust_env = False


class Application(OAuth2Mixin, OpenIDMixin, BaseApp):
    client_cls = Session

    def __init__(self, issuer: str, client_id: str, secret: str | None = None, scope: str = "openid") -> None:
        method = "client_secret_basic" if secret else "none"
        super().__init__(
            framework=None,
            name=client_id,
            client_id=client_id,
            client_secret=secret,
            server_metadata_url=issuer + "/.well-known/openid-configuration",
            client_kwargs={
                "scope": scope,
                "code_challenge_method": "S256",
                "token_endpoint_auth_method": method,
            },
        )
        self.issuer, self.secret = issuer, secret

    # The library's way: what an application gets.

    def log_in(self, username: str = "ada", **parameters: str) -> dict[str, Any]:
        """The tokens of a login in a browser, and what has to be known to verify them."""
        started = self.create_authorization_url(CALLBACK, **parameters)
        told = browse(started["url"], username)
        assert told["state"] == started["state"]
        tokens = self.fetch_access_token(CALLBACK, code=told["code"], code_verifier=started["code_verifier"])
        return dict(tokens) | {"nonce": started.get("nonce")}

    def log_in_by_password(self, username: str = "ada") -> dict[str, Any]:
        return dict(self.fetch_access_token(username=username, password=PASSWORDS[username], grant_type="password"))

    def refresh(self, tokens: dict[str, Any]) -> dict[str, Any]:
        refresh_token = tokens["refresh_token"]
        return dict(self.fetch_access_token(grant_type="refresh_token", refresh_token=refresh_token))

    def id_claims(self, tokens: dict[str, Any]) -> Claims:
        return dict(self.parse_id_token(tokens, tokens.get("nonce")))

    def access_claims(self, tokens: dict[str, Any]) -> Claims:
        """Of an access token that is a JWT, by the keys the issuer publishes."""
        return dict(jwt.decode(tokens["access_token"], KeySet.import_key_set(self.fetch_jwk_set())).claims)

    # By hand: what it gets where it gets no token.

    def code(self, username: str = "ada", **parameters: str) -> dict[str, str]:
        """The form that exchanges the code of a login."""
        started = self.create_authorization_url(CALLBACK, **parameters)
        told = browse(started["url"], username)
        return {
            "grant_type": "authorization_code",
            "code": told["code"],
            "redirect_uri": CALLBACK,
            "code_verifier": started["code_verifier"],
        }

    def post(self, form: dict[str, str]) -> httpx2.Response:
        """What the token endpoint answers."""
        form = form if self.secret else form | {"client_id": self.client_id}
        auth = (self.client_id, self.secret) if self.secret else None
        url = self.load_server_metadata()["token_endpoint"]
        return httpx2.post(url, data=form, auth=auth, trust_env=False, timeout=20, verify=TRUST)

    def refused(self, form: dict[str, str]) -> tuple[int, str, str]:
        """Status, error and description of an answer that holds no token, and is one of RFC 6749 section 5.2."""
        response = self.post(form)
        assert response.headers["content-type"].startswith("application/json"), response.headers
        assert response.headers["cache-control"] == "no-store"
        body = response.json()
        assert body.keys() <= {"error", "error_description"}, body
        return response.status_code, body["error"], body.get("error_description", "")


def browse(url: str, username: str = "ada") -> dict[str, str]:
    """What a person's browser brings to the callback, by query or fragment, logging in where it is asked to."""
    with httpx2.Client(trust_env=False, timeout=20, verify=TRUST) as browser:
        response = browser.get(url)
        for _ in range(8):
            if response.status_code == 200:  # a form for name and password
                fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', response.text))
                login = {"username": username, "password": PASSWORDS[username]}
                response = browser.post(str(response.url), data=fields | login)
            assert response.status_code in (302, 303), response.text
            location = urljoin(str(response.url), response.headers["location"])
            if location.startswith(CALLBACK):
                parts = urlsplit(location)
                return dict(parse_qsl(parts.query) + parse_qsl(parts.fragment))
            response = browser.get(location)
    raise AssertionError(f"no end at {response.url}")
