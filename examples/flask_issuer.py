# mypy: allow-subclassing-any, allow-untyped-calls, allow-untyped-decorators, disable-error-code="import-untyped"
#   (Authlib ships no type information)
"""A small OpenID Provider on Flask and Authlib that lets Claimsmith decide what goes into its tokens.

    python -m examples.flask_issuer --claimsmith http://127.0.0.1:8100 --token T --port 8500

The two classes that matter are `AccessTokens` and `IDTokens`, and authlib_hook.py behind them; all else is what
Authlib wants of everybody. It is a demonstration: codes and refresh tokens live in memory, and there is no session.
"""

from __future__ import annotations

import argparse
import copy
import hmac
import time
from dataclasses import dataclass
from typing import Any

from authlib.common.security import generate_token
from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import grants
from authlib.oauth2.rfc6749.errors import InvalidGrantError, InvalidRequestError
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc9068 import JWTBearerTokenGenerator
from authlib.oidc.core import OpenIDCode, OpenIDToken
from flask import Flask, Response, g, request
from joserfc.jwk import KeySet, RSAKey

from examples.authlib_hook import Asking, RuleClaims
from examples.blocking_hook import Claimsmith
from examples.claims_hook import Decision, JSONObject, apply_update
from examples.directory import CLIENTS, OWN, USERS, Client

API = "https://api.example.com/"  # the audience of every access token
CODE_LIFE, TOKEN_LIFE = 60, 3600  # seconds
PAGE = """<!doctype html><title>Log in</title><form method="post">
<label>Name <input name="username" autofocus></label>
<label>Password <input name="password" type="password"></label> <button>Log in</button></form>"""


class Person(dict[str, Any]):
    """A row of the directory, as Authlib wants people."""

    def get_user_id(self) -> str:
        return str(self["user_id"])


class AccessTokens(Asking, JWTBearerTokenGenerator):
    """JWTs (RFC 9068) with the claims that rules set on `context.accessToken`."""

    key: RSAKey

    def get_jwks(self) -> KeySet:
        return KeySet([self.key])

    def get_audiences(self, client: Client, user: Person | None, scope: str) -> str:
        return API

    def profile(self, user: Person) -> JSONObject:
        return {name: value for name, value in user.items() if name not in OWN}

    def keep(self, user: Person, updates: dict[str, JSONObject]) -> None:
        for store, patch in updates.items():
            user[store] = apply_update(user[store], patch)


class IDTokens(RuleClaims, OpenIDToken):
    """ID tokens with the claims that rules set on `context.idToken`."""

    def __init__(self, issuer: str, key: RSAKey) -> None:
        super().__init__()
        self.issuer, self.key = issuer, key

    def own_claims(self, user: Person, scope: str) -> JSONObject:
        words = {"profile": ["name"], "email": ["email", "email_verified"]}
        profile = {name: user[name] for word in scope.split() for name in words.get(word, ())}
        return profile | super().own_claims(user, scope)

    def get_client_claims(self, client: Client) -> JSONObject:
        decision: Decision = g.claimsmith_decision  # asked for when the access token was made
        seconds = decision.lifetime.get("idToken", TOKEN_LIFE)
        return {"iss": self.issuer, "aud": [client.client_id], "exp": int(time.time()) + seconds}

    def get_encode_header(self, client: Client) -> JSONObject:
        return {"alg": "RS256", "kid": self.key.kid}

    def resolve_client_private_key(self, client: Client) -> RSAKey:
        return self.key


class IDTokensOfCodes(IDTokens, OpenIDCode):
    """The same behind a code, whose nonce goes into the token. Reuse of a nonce is for the application to notice."""

    def __init__(self, issuer: str, key: RSAKey) -> None:
        super().__init__(issuer, key)
        self.require_nonce = False

    def exists_nonce(self, nonce: str, asked: Any) -> bool:
        return False


@dataclass(frozen=True)
class Stored:
    """What a code or a refresh token stands for."""

    value: str
    user: Person
    client_id: str
    scope: str
    expires: float
    auth_time: int = 0
    redirect_uri: str = ""
    nonce: str | None = None
    code_challenge: str | None = None
    code_challenge_method: str | None = None

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str | None:
        return self.nonce

    def get_auth_time(self) -> int:
        return self.auth_time

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> None:
        return None

    def check_client(self, client: Client) -> bool:
        return self.client_id == client.client_id


class Server(AuthorizationServer):
    """Authlib's server over the demo directory."""

    def __init__(self, app: Flask) -> None:
        super().__init__(app, CLIENTS.get, self.store)
        self.scopes_supported = ["openid", "profile", "email", "jobs"]
        self.users = {name: Person(row) for name, row in copy.deepcopy(USERS).items()}
        self.codes: dict[str, Stored] = {}
        self.refresh_tokens: dict[str, Stored] = {}

    def authenticate(self, username: str, password: str) -> Person | None:
        user = self.users.get(username)
        right = user is not None and hmac.compare_digest(user["password"].encode(), password.encode())
        return user if right else None

    def store(self, token: JSONObject, asked: Any) -> None:
        """Access tokens are signed, and need no keeping."""
        if value := token.get("refresh_token"):
            expires = time.time() + 30 * 86400
            stored = Stored(value, asked.user, asked.client.client_id, token["scope"], expires)
            self.refresh_tokens[value] = stored


class CodeGrant(grants.AuthorizationCodeGrant):
    server: Server

    def save_authorization_code(self, code: str, asked: Any) -> None:
        data, now = asked.payload.data, int(time.time())
        self.server.codes[code] = Stored(
            code,
            asked.user,
            asked.client.client_id,
            asked.scope,
            expires=now + CODE_LIFE,
            auth_time=now,
            redirect_uri=data.get("redirect_uri", ""),
            nonce=data.get("nonce"),
            code_challenge=data.get("code_challenge"),
            code_challenge_method=data.get("code_challenge_method"),
        )

    def query_authorization_code(self, code: str, client: Client) -> Stored | None:
        stored = self.server.codes.get(code)
        return stored if stored and stored.check_client(client) and stored.expires > time.time() else None

    def delete_authorization_code(self, authorization_code: Stored) -> None:
        # Only now: where Claimsmith was away, the application may come again with the same code. Of two exchanges that
        # waited for Claimsmith with one code, the second gets nothing.
        if self.server.codes.pop(authorization_code.value, None) is None:
            raise InvalidGrantError("the code was used")

    def authenticate_user(self, authorization_code: Stored) -> Person:
        return authorization_code.user


class PKCE(CodeChallenge):
    """RFC 7636 for every client, S256 only: RFC 9700 asks for both, Authlib for neither."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)

    def validate_code_challenge(self, grant: CodeGrant, redirect_uri: str) -> None:
        if grant.request.payload.data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("code_challenge_method must be S256")
        super().validate_code_challenge(grant, redirect_uri)


class RefreshGrant(grants.RefreshTokenGrant):
    server: Server
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> Stored | None:
        stored = self.server.refresh_tokens.get(refresh_token)
        return stored if stored and stored.expires > time.time() else None

    def authenticate_user(self, refresh_token: Stored) -> Person:
        return refresh_token.user

    def revoke_old_credential(self, refresh_token: Stored) -> None:
        if self.server.refresh_tokens.pop(refresh_token.value, None) is None:
            raise InvalidGrantError("the refresh token was used")


class PasswordGrant(grants.ResourceOwnerPasswordCredentialsGrant):
    server: Server

    def authenticate_user(self, username: str, password: str) -> Person:
        if user := self.server.authenticate(username, password):
            return user
        raise InvalidGrantError("wrong name or password")


def create_issuer(claimsmith: Claimsmith, issuer: str) -> Flask:
    """The issuer as a WSGI app. The token of `claimsmith` needs the scope `execute` only; closing it is yours."""
    app = Flask(__name__)
    server = Server(app)
    key = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)

    tokens = AccessTokens(claimsmith, issuer, refresh_token_generator=lambda **_: generate_token(48))
    tokens.key, tokens.expires_generator = key, TOKEN_LIFE
    server.register_token_generator("default", tokens)
    server.register_grant(CodeGrant, [IDTokensOfCodes(issuer, key), PKCE()])
    server.register_grant(RefreshGrant, [IDTokens(issuer, key)])
    server.register_grant(PasswordGrant, [IDTokens(issuer, key)])
    server.register_grant(grants.ClientCredentialsGrant)

    @app.get("/.well-known/openid-configuration")
    def discovery() -> JSONObject:
        return {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/authorize",
            "token_endpoint": f"{issuer}/oauth/token",
            "jwks_uri": f"{issuer}/.well-known/jwks.json",
            "scopes_supported": server.scopes_supported,
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "password", "refresh_token", "client_credentials"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            "code_challenge_methods_supported": ["S256"],
        }

    @app.get("/.well-known/jwks.json")
    def jwks() -> JSONObject:
        return KeySet([key]).as_dict(private=False)  # type: ignore[return-value]

    @app.route("/authorize", methods=["GET", "POST"])
    def authorize() -> Response | tuple[str, int, dict[str, str]]:
        user = server.authenticate(request.form.get("username", ""), request.form.get("password", ""))
        try:
            grant = server.get_consent_grant(end_user=user)
        except OAuth2Error as error:
            refused: Response = server.handle_error_response(request, error)
            return refused
        if user is None:
            headers = {
                "Cache-Control": "no-store",
                "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
            }
            return PAGE, 200 if request.method == "GET" else 401, headers
        sent: Response = server.create_authorization_response(grant_user=user, grant=grant)
        return sent

    @app.post("/oauth/token")
    def token() -> Response:
        answer: Response = server.create_token_response()
        return answer

    return app


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m examples.flask_issuer", description=create_issuer.__doc__)
    parser.add_argument("--claimsmith", required=True, help="address of the service, http://127.0.0.1:8100")
    parser.add_argument("--token", required=True, help="what `claimsmith token --scope execute` printed")
    parser.add_argument("--port", type=int, default=8500)
    options = parser.parse_args()
    claimsmith = Claimsmith(options.claimsmith.rstrip("/") + "/v1/execute", options.token)
    create_issuer(claimsmith, f"http://127.0.0.1:{options.port}").run(port=options.port)


if __name__ == "__main__":
    main()
