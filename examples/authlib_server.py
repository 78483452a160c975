# mypy: allow-subclassing-any, disable-error-code="import-untyped"
#   (Authlib ships no type information)
"""Authlib's authorization server without a web framework: grants, stores, PKCE.

Authlib has no Starlette server, but its core needs little of a framework. Its calls are synchronous and
touch no network here; the endpoints (issuer.py) await what has to be awaited between them.
"""

from __future__ import annotations

import copy
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from authlib.oauth2.rfc6749 import AuthorizationServer, OAuth2Payload, OAuth2Request, grants
from authlib.oauth2.rfc6749.errors import InvalidGrantError, InvalidRequestError
from authlib.oauth2.rfc7636 import CodeChallenge
from starlette.datastructures import QueryParams
from starlette.responses import Response

from examples.claims_hook import Decision
from examples.directory import CLIENTS, USERS, Client, User

CODE_LIFE = 60  # seconds
CLIENT_AUTHENTICATION = ("client_secret_basic", "client_secret_post")


@dataclass(frozen=True)
class Stored:
    """What a code or a refresh token stands for."""

    value: str
    username: str
    client_id: str
    auth_time: int
    mfa_time: int | None
    expires: float
    scope: str
    asked: QueryParams  # the authorization request it came from
    decision: Decision | None = None

    def get_redirect_uri(self) -> str | None:
        return self.asked.get("redirect_uri")

    def get_scope(self) -> str:
        return self.scope

    def check_client(self, client: Client) -> bool:
        return self.client_id == client.client_id


class Payload(OAuth2Payload):
    def __init__(self, params: QueryParams) -> None:
        self.params = params

    @property
    def data(self) -> QueryParams:
        return self.params

    @property
    def datalist(self) -> dict[str, list[str]]:
        return {name: self.params.getlist(name) for name in self.params}


class Asked(OAuth2Request):
    """A request in Authlib's words, and what Claimsmith decided about it."""

    def __init__(self, method: str, url: str, headers: Mapping[str, str], params: QueryParams) -> None:
        super().__init__(method, url, headers=headers)
        self.payload = Payload(params)
        self.auth_time = int(time.time())
        self.mfa_time: int | None = None  # of a second factor
        self.decision: Decision | None = None

    @property
    def form(self) -> QueryParams:
        return self.payload.params


class Grant(grants.BaseGrant):
    """What our three grants share: how clients authenticate, and that the issuer makes the tokens."""

    TOKEN_ENDPOINT_AUTH_METHODS = CLIENT_AUTHENTICATION
    server: Server

    def generate_token(self, user: User, scope: str | None, **_: Any) -> dict[str, Any]:
        return self.server.issue(self.request, user, scope)


class PasswordGrant(Grant, grants.ResourceOwnerPasswordCredentialsGrant):
    protocol = "oauth2-password"

    def authenticate_user(self, username: str, password: str) -> User:
        if user := self.server.authenticate(username, password):
            return user
        raise InvalidGrantError("wrong name or password")  # Authlib's invalid_request is not RFC 6749's


class CodeGrant(Grant, grants.AuthorizationCodeGrant):
    def save_authorization_code(self, code: str, asked: Asked) -> None:
        self.server.codes[code] = self.server.stored(code, asked, CODE_LIFE, asked.scope)

    def query_authorization_code(self, code: str, client: Client) -> Stored | None:
        # Taken, not read: whatever is wrong with the rest of the request, a code works once.
        stored = self.server.codes.pop(code, None)
        valid = stored and stored.check_client(client) and stored.expires > time.time()
        return stored if valid else None

    def delete_authorization_code(self, authorization_code: Stored) -> None:
        """Already taken."""

    def authenticate_user(self, authorization_code: Stored) -> User | None:
        return self.server.users.get(authorization_code.username)


class RefreshGrant(Grant, grants.RefreshTokenGrant):
    protocol = "oauth2-refresh-token"

    def authenticate_refresh_token(self, refresh_token: str) -> Stored | None:
        stored = self.server.refresh_tokens.get(refresh_token)
        return stored if stored and stored.expires > time.time() else None

    def authenticate_user(self, refresh_token: Stored) -> User | None:
        return self.server.users.get(refresh_token.username)

    def revoke_old_credential(self, refresh_token: Stored) -> None:
        # Only now, so that a login refused because Claimsmith is away can try again with the same token;
        # and of two refreshes that waited for Claimsmith with one token, the second gets nothing.
        if self.server.refresh_tokens.pop(refresh_token.value, None) is None:
            raise InvalidGrantError("the refresh token was used")


class PKCE(CodeChallenge):
    """RFC 7636 for every client, S256 only: RFC 9700 asks for both, Authlib for neither."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)

    def validate_code_challenge(self, grant: Grant, redirect_uri: str) -> None:
        if grant.request.payload.data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("code_challenge_method must be S256")
        super().validate_code_challenge(grant, redirect_uri)  # a method without a challenge is an error

    def get_authorization_code_challenge(self, authorization_code: Stored) -> str:
        return authorization_code.asked["code_challenge"]

    def get_authorization_code_challenge_method(self, authorization_code: Stored) -> str:
        return "S256"


class Server(AuthorizationServer):
    """Authlib's server over two tables and two dictionaries. The subclass makes the tokens (`issue`)."""

    def __init__(self, scopes: list[str]) -> None:
        super().__init__(scopes_supported=scopes)
        self.users = copy.deepcopy(USERS)
        self.logins = dict.fromkeys(USERS, 0)
        self.codes: dict[str, Stored] = {}
        self.refresh_tokens: dict[str, Stored] = {}
        self.register_grant(PasswordGrant)
        self.register_grant(CodeGrant, [PKCE()])
        self.register_grant(RefreshGrant)

    def issue(self, asked: Asked, user: User, scope: str | None) -> dict[str, Any]:
        raise NotImplementedError

    def authenticate(self, username: str, password: str) -> User | None:
        user = self.users.get(username)
        if user is None or not hmac.compare_digest(user["password"].encode(), password.encode()):
            return None
        self.logins[username] += 1
        return user

    def stored(self, value: str, asked: Asked, life: float, scope: str) -> Stored:
        return Stored(
            value=value,
            username=asked.user["username"],
            client_id=asked.client.client_id,
            auth_time=asked.auth_time,
            mfa_time=asked.mfa_time,
            expires=time.time() + life,
            scope=scope,
            asked=asked.form if asked.method == "GET" else QueryParams(),  # a form holds secrets
            decision=asked.decision,
        )

    def query_client(self, client_id: str) -> Client | None:
        return CLIENTS.get(client_id)

    def save_token(self, token: dict[str, Any], asked: Asked) -> None:
        """Nothing to do: the tokens are signed, and `issue` keeps the refresh tokens."""

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens."""

    def create_oauth2_request(self, asked: Asked) -> Asked:
        return asked  # made by the endpoints, which have to await the body

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> Response:
        return Response(json.dumps(body) if isinstance(body, dict) else body, status, dict(headers))
