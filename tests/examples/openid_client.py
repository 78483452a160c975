# mypy: disable-error-code="import-untyped"
#   (Authlib ships no type information)
"""An OpenID Connect client and the browser in front of it, for tests of providers on loopback.

The client knows the address of the provider alone: endpoints and keys are what discovery says, signatures are verified
by joserfc, and the claims of an ID token by Authlib (OpenID Connect Core, 3.1.3.7).
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from typing import Any
from urllib.parse import parse_qsl, urljoin

import httpx2
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.servers import TRUST

Claims = dict[str, Any]
Account = tuple[str, str]  # name and secret


class Application:
    def __init__(self, issuer: str, account: Account, callback: str = "") -> None:
        self.issuer, self.account, self.callback = issuer, account, callback
        self.http = httpx2.Client(trust_env=False, timeout=10, verify=TRUST)
        self.metadata = self._get(f"{issuer}/.well-known/openid-configuration")
        assert self.metadata["issuer"] == issuer
        self.keys = KeySet.import_key_set(self._get(self.metadata["jwks_uri"]))

    def token(self, **form: str) -> httpx2.Response:
        return self.http.post(self.metadata["token_endpoint"], data=form, auth=self.account)

    def id_claims(self, response: httpx2.Response, nonce: str | None = None) -> Claims:
        """What the ID token of this answer says, everything about it verified."""
        assert response.status_code == 200, response.text
        token = jwt.decode(response.json()["id_token"], self.keys, algorithms=["RS256"])
        options = {name: {"essential": True, "value": value} for name, value in self._expected(self.account[0]).items()}
        claims = CodeIDToken(
            token.claims,
            token.header,
            options,
            {"nonce": nonce, "client_id": self.account[0], "access_token": response.json()["access_token"]},
        )
        claims.validate(leeway=5)
        assert nonce is not None or "nonce" not in claims
        return dict(claims)

    def access_claims(self, response: httpx2.Response, audience: str) -> Claims:
        """What the access token of this answer says (RFC 9068)."""
        assert response.status_code == 200, response.text
        token = jwt.decode(response.json()["access_token"], self.keys, algorithms=["RS256"])
        assert token.header["typ"] == "at+jwt"
        claims = token.claims
        assert claims.items() >= self._expected(audience).items()
        return claims

    def _expected(self, audience: str) -> Claims:
        return {"iss": self.issuer, "aud": audience}

    def _get(self, url: str) -> Any:
        response = self.http.get(url)
        assert response.status_code == 200, response.text
        return response.json()


class Browser:
    """Somebody's, with a cookie jar; what it was told to bring to the application is `told`."""

    def __init__(self, application: Application) -> None:
        self.application = application
        self.http = httpx2.Client(trust_env=False, timeout=10, verify=TRUST)
        self.verifier, self.nonce, self.state = (secrets.token_urlsafe(48) for _ in range(3))
        self.told: dict[str, str] = {}

    def open(self, **changes: str) -> httpx2.Response:
        """An authorization request, and what comes of it."""
        challenge = hashlib.sha256(self.verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": self.application.account[0],
            "redirect_uri": self.application.callback,
            "scope": "openid",
            "state": self.state,
            "nonce": self.nonce,
            "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        return self.follow(self.http.get(self.application.metadata["authorization_endpoint"], params=query | changes))

    def send(self, page: httpx2.Response, **form: str) -> httpx2.Response:
        """The form of a page, filled in."""
        assert "<form" in page.text, page.text
        return self.follow(self.http.post(page.url, data=form))

    def follow(self, response: httpx2.Response) -> httpx2.Response:
        """On to a page of the provider, or until it leads away from the provider."""
        while response.status_code == 303:
            target = urljoin(str(response.url), response.headers["location"])
            if not target.startswith(self.application.issuer):
                if target.partition("?")[0] == self.application.callback:
                    self.told = dict(parse_qsl(target.partition("?")[2]))
                    assert self.told.pop("state") == self.state
                    assert self.told.pop("iss") == self.application.issuer  # RFC 9207
                break
            response = self.http.get(target)
        return response

    def exchange(self, **changes: str) -> httpx2.Response:
        """The code for tokens."""
        assert "code" in self.told, self.told
        form = {"grant_type": "authorization_code", "code": self.told["code"], "code_verifier": self.verifier}
        return self.application.token(**(form | {"redirect_uri": self.application.callback} | changes))
