# mypy: allow-subclassing-any, disable-error-code="import-untyped"
#   (Authlib ships no type information)
"""Who may log in, to which applications: the demo issuer's two tables.

An issuer of yours has a database here. Passwords and secrets stand in the clear because these people do not exist.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Any

from authlib.oauth2.rfc6749 import ClientMixin

User = dict[str, Any]


@dataclass(frozen=True)
class Client(ClientMixin):
    """An application, answering the questions that Authlib asks of one."""

    client_id: str
    name: str
    secret: str
    redirect_uris: tuple[str, ...]
    grants: tuple[str, ...]

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> str:
        return self.redirect_uris[0]

    def get_allowed_scope(self, scope: str | None) -> str:
        return scope or "openid"

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri in self.redirect_uris  # whole: matching a prefix hands codes to strangers

    def check_client_secret(self, client_secret: str) -> bool:
        return hmac.compare_digest(client_secret.encode(), self.secret.encode())

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method in ("client_secret_basic", "client_secret_post")

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code" and self.check_grant_type("authorization_code")

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.grants


OWN = {"password", "totp"}  # fields that never leave the issuer

# By login name. The other fields have Auth0's names, because rules know them.
USERS: dict[str, User] = {
    "ada": {
        "password": "analytical",
        "totp": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",  # for an authenticator app; bob has none
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
    "bob": {
        "password": "builder",
        "user_id": "demo|bob",
        "username": "bob",
        "name": "Bob Miller",
        "given_name": "Bob",
        "family_name": "Miller",
        "email": "bob@example.net",
        "email_verified": False,
        "user_metadata": {},
        "app_metadata": {},
    },
}

CLIENTS: dict[str, Client] = {
    "demo-app": Client(
        "demo-app",
        "Demo App",
        "demo-secret",
        redirect_uris=("http://127.0.0.1:8300/callback",),
        grants=("password", "authorization_code", "refresh_token"),
    ),
    "web-only": Client(
        "web-only",
        "Web Only",
        "web-secret",
        redirect_uris=("https://web.example.com/callback",),
        grants=("authorization_code",),
    ),
    "nightly-job": Client(
        "nightly-job",
        "Nightly Job",
        "demo-secret",
        redirect_uris=(),
        grants=("client_credentials",),
    ),
}
