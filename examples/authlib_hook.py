# mypy: allow-subclassing-any, allow-untyped-calls, disable-error-code="import-untyped"
#   (Authlib ships no type information)
"""Authlib's Flask integration asks Claimsmith: what to copy, with claims_hook.py and blocking_hook.py.

    class AccessTokens(Asking, JWTBearerTokenGenerator): ...   # or (Asking, BearerTokenGenerator): random strings
    class IDTokens(RuleClaims, OpenIDToken): ...

flask_issuer.py has the rest. Why these two places. Authlib makes a token in this order:

    validate the client, the code or password or refresh token   errors are the client's
    token generator: generate                                     <- ask
        get_extra_claims                                          <- the rules' claims for the access token
    save_token; then drop the code, or revoke the old refresh token
    with `openid`: generate_user_info                             <- the rules' claims for the ID token

- Every grant passes the generator, with an ID token or without, and an error raised there is the answer to the
  client. Nothing was stored by then, and a code or refresh token is still good where only Claimsmith was away.
- `generate_user_info` is no place to ask: it comes when the access token is stored and the code is gone. What it
  returns goes over iss, aud and exp, too; claims_hook.py has taken such claims out of the answer.

Here Claimsmith is asked at the token endpoint, where there is no browser for a page or a second factor:
`interaction_required`. issuer.py, the demo issuer on the same library, asks at the login, and can do both.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from authlib.oauth2 import OAuth2Error
from authlib.oidc.core import UserInfo
from flask import g, request

from examples.blocking_hook import Claimsmith
from examples.claims_hook import Decision, JSONObject, without_credentials

log = logging.getLogger(__name__)

# The grants in Auth0's words, which rules look at.
PROTOCOLS = {
    "authorization_code": "oidc-basic-profile",
    "implicit": "oidc-implicit-profile",
    "password": "oauth2-password",
    "refresh_token": "oauth2-refresh-token",
    "urn:ietf:params:oauth:grant-type:device_code": "oauth2-device-code",
}


class Asking:
    """In front of a token generator of Authlib: asks Claimsmith once for every issuance, and gives out nothing without
    a clear `allow`."""

    def __init__(self, claimsmith: Claimsmith, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.claimsmith = claimsmith

    # Yours to change.

    def profile(self, user: Any) -> JSONObject:
        """What rules see of a person, in Auth0's field names."""
        return {"user_id": str(user.get_user_id()), "user_metadata": {}, "app_metadata": {}}

    def keep(self, user: Any, updates: dict[str, JSONObject]) -> None:
        """Changes of metadata that rules asked for, also when the login is refused: `apply_update` of claims_hook.py
        makes the new metadata from the stored."""
        if updates:
            log.warning("not kept: a rule changed %s of a user", " and ".join(sorted(updates)))

    # What Authlib calls.

    def generate(
        self,
        grant_type: str,
        client: Any,
        user: Any = None,
        scope: str | None = None,
        expires_in: int | None = None,
        include_refresh_token: bool = True,
    ) -> JSONObject:
        decision = self.ask(grant_type, client, user)
        if decision.scope is not None:
            scope = " ".join(decision.scope)
        expires_in = decision.lifetime.get("accessToken", expires_in)
        generate: Any = super().generate  # type: ignore[misc]  # the generator's that stands behind this class
        token: JSONObject = generate(grant_type, client, user, scope, expires_in, include_refresh_token)
        return token

    def get_extra_claims(self, client: Any, grant_type: str, user: Any, scope: str) -> JSONObject:
        decision = self.ask(grant_type, client, user)
        seconds = decision.lifetime.get("accessToken")
        # These go over Authlib's own `exp`, as nothing of a rule's could.
        return decision.access_token if seconds is None else decision.access_token | {"exp": int(time.time()) + seconds}

    def ask(self, grant_type: str, client: Any, user: Any) -> Decision:
        """The decision on this issuance, asked for once. Raises an `OAuth2Error` unless it is `allow`."""
        if "claimsmith_decision" not in g:
            profile = None if user is None else self.profile(user)
            g.claimsmith_decision = self.claimsmith.decide(profile, self.context(grant_type, client))
            if user is not None:
                self.keep(user, g.claimsmith_decision.updates)
        decided: Decision = g.claimsmith_decision
        if decided.kind != "allow":
            # OAuth has no error `unauthorized`, as Auth0's rules had.
            error = "access_denied" if decided.error == "unauthorized" else decided.error
            raise OAuth2Error(decided.description, error=error, status_code=decided.status)
        return decided

    def context(self, grant_type: str, client: Any) -> JSONObject:
        return {
            "clientID": client.get_client_id(),
            "protocol": PROTOCOLS.get(grant_type, grant_type),
            "request": {
                "ip": request.remote_addr,
                "userAgent": request.headers.get("User-Agent", ""),
                "query": without_credentials(request.args),
                "body": without_credentials(request.form),
            },
            "authentication": {"methods": []},  # fill in what you know: rules for second factors look there
            "idToken": {},
            "accessToken": {},
        }


class RuleClaims:
    """In front of OpenIDToken, OpenIDCode or an implicit grant: the rules' claims in the ID token."""

    def own_claims(self, user: Any, scope: str) -> JSONObject:
        """Claims of your own; rules may change what they say, but for those of the protocol."""
        return {"sub": str(user.get_user_id())}

    def generate_user_info(self, user: Any, scope: str) -> UserInfo:
        decided: Decision = g.claimsmith_decision  # by the generator, which comes first
        return UserInfo(self.own_claims(user, scope) | decided.id_token)
