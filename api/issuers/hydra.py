"""Ory Hydra: `oauth2.token_hook`, and the older `oauth2.refresh_token_hook` (ory/hydra, oauth2/token_hook.go,
oauth2/refresh_hook.go).

What is answered replaces both maps of its session, and comes back with the next refresh: so both are sent whole, and
rules have to assign and not append. A status of 5xx or 429 is asked again, so no failure is told by one.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from api.issuers.issuer import JSON, Asked, Issuer, Refusal, Reply, changes, context_of, present
from engine.capability import Capability
from engine.execution import Execution
from engine.models import HookSettings

CAPABILITY = Capability(
    issuer="hydra",
    # What stands in an ID token beside `ext` (fosite/token/jwt/claims_id_token.go).
    reserved={"idToken": tuple("sub iss aud jti exp iat nonce at_hash c_hash acr amr auth_time rat".split())},
)
STATUS = {"denied": 403, "failed": 422, "unavailable": 422, "invalid": 400, "unauthenticated": 401}
ERROR = {"failed": "server_error", "unavailable": "temporarily_unavailable", "invalid": "invalid_request"}
ERROR |= {"unauthenticated": "unauthorized"}

Words = tuple[str, ...] | None


class IdTokenClaims(msgspec.Struct, frozen=True):
    ext: dict[str, Any] | None = None
    amr: Words = None


class IdToken(msgspec.Struct, frozen=True):
    subject: str
    id_token_claims: IdTokenClaims | None = None
    username: str | None = None


class Session(msgspec.Struct, frozen=True):
    id_token: IdToken
    extra: dict[str, Any] | None = None


class Requester(msgspec.Struct, frozen=True):
    """`request` of the token hook, `requester` of the refresh hook."""

    client_id: str
    grant_types: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    requested_scopes: Words = None
    granted_scopes: Words = None
    granted_audience: Words = None
    payload: dict[str, Any] | None = None


class TokenHook(msgspec.Struct, frozen=True):
    session: Session
    request: Requester


class RefreshHook(msgspec.Struct, frozen=True):
    session: Session
    requester: Requester


def parse(body: JSON, settings: HookSettings) -> Asked:
    if "requester" in body and "request" not in body:
        legacy = msgspec.convert(body, RefreshHook)
        session, request = legacy.session, legacy.requester
    else:
        call = msgspec.convert(body, TokenHook)
        session, request = call.session, call.request
    claims = session.id_token.id_token_claims or IdTokenClaims()
    user = present(user_id=session.id_token.subject, username=session.id_token.username)
    return Asked(
        # Of several grants one may have a user: for nobody no rule might run.
        user=None if request.grant_types == ("client_credentials",) else user,
        context=context_of(
            "hydra",
            body,
            client=request.client_id,
            grant=request.grant_types[0],
            id_token=claims.ext,
            access_token=session.extra,
            query={
                "scope": " ".join(request.granted_scopes or ()),
                "audience": " ".join(request.granted_audience or ()),
            },
            authentication={"methods": [{"name": name} for name in claims.amr or ()]},
        ),
        capability=CAPABILITY,
    )


def allow(asked: Asked, execution: Execution) -> Reply:
    """Nothing at all where nothing has changed: Hydra keeps its session then."""
    id_token, access_token = execution.idToken or {}, execution.accessToken or {}
    if not changes(asked.claims["idToken"], id_token) and not changes(asked.claims["accessToken"], access_token):
        return Reply(status=204)
    return Reply(body={"session": {"access_token": access_token, "id_token": id_token}})


def refuse(refusal: Refusal) -> Reply:
    body = {"error": ERROR.get(refusal.cause, refusal.error)}
    if refusal.cause != "unauthenticated":
        body["error_description"] = refusal.text
    return Reply(status=STATUS[refusal.cause], body=body)


ISSUER = Issuer(
    name="hydra",
    title="Ory Hydra",
    secrets=("header", "cookie"),
    wait=30.0,
    fails="closed",
    denies="403",
    capability=CAPABILITY,
    parse=parse,
    allow=allow,
    refuse=refuse,
)
