# mypy: allow-subclassing-any, allow-untyped-calls, disable-error-code="import-untyped"
#   (neither Django nor django-oauth-toolkit nor oauthlib ships type information)
"""django-oauth-toolkit asks Claimsmith: the validator to copy, with claims_hook.py and blocking_hook.py.

    OAUTH2_PROVIDER = {"OAUTH2_VALIDATOR_CLASS": "yours.validator.ClaimsmithValidator", ...}
    CLAIMSMITH_EXECUTE_URL = "https://claimsmith.internal/v1/execute"
    CLAIMSMITH_TOKEN = "..."  # what `claimsmith token --scope execute` printed

Why these two methods. oauthlib makes a token in this order, and stores nothing before the last step:

    validate the client, the code or password or refresh token   errors are the client's
    make the access token, a random string
    with `openid`: get_id_token_dictionary                        <- ask, and add the rules' claims
    save_bearer_token                                             <- ask, unless it was asked already
    then only: drop the code

- `save_bearer_token` is where every grant passes that gives out an access token, with an ID token or without: code,
  refresh, password, device, client credentials, implicit. An error raised here or before is the answer to the client.
  Nothing was stored by then, no transaction is open while Claimsmith is waited for, and a code or refresh token is
  still good where only Claimsmith was away.
- `get_additional_claims`, which the manual names for claims, is no place to ask: it runs for /userinfo, too, does not
  run without an ID token, and `oidc_claim_scope` drops every claim whose name is not in its table, silently. Setting
  that to None lets the rules' claims through, and email and name to applications that have no scope for them. It stays
  the place for claims of your own; the rules' claims are added behind it.

What this issuer cannot say: its access tokens are random strings, so claims that rules set on `context.accessToken`
go nowhere (the log says so), and /userinfo has no claims of rules. A page or a second factor needs a browser, and at
the token endpoint there is none: `interaction_required`.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauthlib.oauth2.rfc6749.errors import CustomOAuth2Error

from examples.blocking_hook import Claimsmith
from examples.claims_hook import Decision, JSONObject, without_credentials

log = logging.getLogger(__name__)

CLAIMSMITH = Claimsmith(settings.CLAIMSMITH_EXECUTE_URL, settings.CLAIMSMITH_TOKEN)

# The grants in Auth0's words, which rules look at.
PROTOCOLS = {
    "implicit": "oidc-implicit-profile",
    "authorization_code": "oidc-basic-profile",
    "password": "oauth2-password",
    "refresh_token": "oauth2-refresh-token",
    "urn:ietf:params:oauth:grant-type:device_code": "oauth2-device-code",
}


class Refused(CustomOAuth2Error):
    """No token. oauthlib would send it as text/html."""

    headers: ClassVar = {"Content-Type": "application/json", "Cache-Control": "no-store", "Pragma": "no-cache"}


class ClaimsmithValidator(OAuth2Validator):
    """Asks Claimsmith once for every issuance, and issues nothing without a clear `allow`."""

    # Yours to change.

    def get_additional_claims(self) -> dict[str, Any]:
        """Claims of your own, as the manual has it: an application gets them if it has their scope."""
        return {
            "name": lambda request: request.user.get_full_name(),
            "email": lambda request: request.user.email,
        }

    def profile(self, user: Any) -> JSONObject:
        """What rules see of a person, in Auth0's field names."""
        return {
            "user_id": str(user.pk),
            "username": user.get_username(),
            "name": user.get_full_name(),
            "given_name": user.first_name,
            "family_name": user.last_name,
            "email": user.email,
            "groups": sorted(group.name for group in user.groups.all()),
            "permissions": sorted(user.get_all_permissions()),
            "user_metadata": {},  # yours, if you keep any: see `keep`
            "app_metadata": {},
        }

    def keep(self, user: Any, updates: dict[str, JSONObject]) -> None:
        """Changes of metadata that rules asked for, also when the login is refused: `apply_update` of claims_hook.py
        makes the new metadata from the stored. Django's own users have no field for it."""
        if updates:
            log.warning("not kept: %s of user %s, which a rule changed", " and ".join(sorted(updates)), user.pk)

    # The two places.

    def get_id_token_dictionary(self, token: Any, token_handler: Any, request: Any) -> tuple[JSONObject, Any]:
        decision = self.ask(request)  # first: which claims of ours go in depends on the scope, which rules may narrow
        claims, expires = super().get_id_token_dictionary(token, token_handler, request)
        if seconds := decision.lifetime.get("idToken"):
            expires = timezone.now() + timedelta(seconds=seconds)
            claims["exp"] = int(expires.timestamp())
        return claims | decision.id_token, expires

    def save_bearer_token(self, token: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        decision = self.ask(request)
        if decision.scope is not None:
            token["scope"] = " ".join(decision.scope)
        if seconds := decision.lifetime.get("accessToken"):
            token["expires_in"] = seconds
        if decision.access_token:
            log.warning("not sent, access tokens hold no claims: %s", ", ".join(decision.access_token))
        return super().save_bearer_token(token, request, *args, **kwargs)

    # What they share.

    def ask(self, request: Any) -> Decision:
        """The decision on this issuance, asked for once. Raises `Refused` unless it is `allow`."""
        # `vars`, not attributes: for an attribute that nobody has set, oauthlib's request answers with the parameter of
        # that name that the client sent.
        decided: Decision | None = vars(request).get("claimsmith_decision")
        if decided is None:
            user = None if granted(request) == "client_credentials" else vars(request)["user"]
            decided = CLAIMSMITH.decide(user and self.profile(user), self.context(request))
            if user:
                self.keep(user, decided.updates)
            if decided.scope is not None:
                request.scopes = decided.scope
            request.claimsmith_decision = decided
        if decided.kind != "allow":
            # OAuth has no error `unauthorized`, as Auth0's rules had.
            error = "access_denied" if decided.error == "unauthorized" else decided.error
            raise Refused(error, description=decided.description, status_code=decided.status, request=request)
        return decided

    def context(self, request: Any) -> JSONObject:
        grant = granted(request)
        return {
            "clientID": request.client.client_id,
            "clientName": request.client.name,
            "protocol": PROTOCOLS.get(grant, grant),
            "request": {
                "ip": request.headers.get("REMOTE_ADDR"),
                "userAgent": request.headers.get("HTTP_USER_AGENT", ""),
                "hostname": urlsplit(self.get_oidc_issuer_endpoint(request)).hostname,
                "query": without_credentials(dict(request.uri_query_params)),
                "body": without_credentials(dict(request.decoded_body or [])),
            },
            "authentication": {"methods": []},  # Django knows when a person logged in, not how
            "idToken": {},
            "accessToken": {},
        }


def granted(request: Any) -> str:
    """The grant. At the authorization endpoint its parameter is whatever the client likes, and means nothing: there,
    and only there, oauthlib sets the response type."""
    return "implicit" if "response_type" in vars(request) else str(request.grant_type)
