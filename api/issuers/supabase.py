"""Supabase Auth: the custom access token hook over HTTP (supabase/auth, internal/hooks).

The claims that are answered become the whole access token, so all that came in goes back. A denial is an answer with
status 200; any other status is an internal error to the person. The ID token of its OAuth server is made without us.
"""

from __future__ import annotations

from typing import Any

import msgspec

from api.issuers.issuer import JSON, Asked, Issuer, Refusal, Reply, context_of, present
from engine.capability import Capability, Kind, Names
from engine.execution import Execution
from engine.models import HookSettings

REQUIRED = tuple("aud exp iat sub email phone role aal session_id is_anonymous".split())
# It checks the types of these, and fails the login of another.
KINDS: dict[str, tuple[Kind, ...]] = {
    **dict.fromkeys(("email", "phone", "role", "aal", "session_id"), ("string",)),
    "is_anonymous": ("boolean",),
    "app_metadata": ("object",),
    "user_metadata": ("object",),
}
LARGEST = 200 * 1024 - 100  # bytes of an answer, less what stands around the claims
CAPABILITY = Capability(issuer="supabase", tokens=("accessToken",), kinds=KINDS, limit=LARGEST)
CODE = {"denied": 403, "failed": 500, "unavailable": 503, "invalid": 400}
# By which grant a token comes, of the ways to sign in that are grants; the others are logins with a browser.
GRANTS = {
    "password": "password",
    "token_refresh": "refresh_token",
    "oauth_provider/authorization_code": "authorization_code",
}
WITH_SECOND_FACTOR = "aal2"  # of `aal`


class Metadata(msgspec.Struct, frozen=True):
    ip_address: str | None = None


class Hook(msgspec.Struct, frozen=True):
    user_id: str
    claims: dict[str, Any]
    authentication_method: str | None = None
    metadata: Metadata | None = None


class Method(msgspec.Struct, frozen=True):
    method: str | None = None
    timestamp: int | float | None = None


class Mentioned(msgspec.Struct, frozen=True):
    """Of `claims`, what is not only a claim."""

    client_id: str | None = None
    scope: str | None = None
    session_id: str | None = None
    aal: str | None = None
    amr: tuple[Method | str, ...] | None = None


def parse(body: JSON, settings: HookSettings) -> Asked:
    hook = msgspec.convert(body, Hook)
    claims, mentioned = hook.claims, msgspec.convert(hook.claims, Mentioned)
    method = hook.authentication_method or ""
    known = ("email", "phone", "role", "is_anonymous", "app_metadata", "user_metadata")
    return Asked(
        user={"user_id": hook.user_id} | {name: claims[name] for name in known if name in claims},
        context=context_of(
            "supabase",
            body,
            client=mentioned.client_id,
            grant=GRANTS.get(method, "authorization_code"),
            access_token=claims,
            query=present(scope=mentioned.scope),
            ip=hook.metadata.ip_address if hook.metadata else None,
            connection=method or None,
            sessionID=mentioned.session_id,
            authentication={"methods": _methods(mentioned)},
        ),
        capability=_capability(claims, settings),
    )


def _methods(mentioned: Mentioned) -> list[JSON]:
    """As rules look for them: `mfa`, where a second factor was shown, beside what Supabase calls it."""
    listed = [Method(one) if isinstance(one, str) else one for one in mentioned.amr or ()]
    methods = [present(name=one.method, timestamp=one.timestamp) for one in listed]
    return methods + ([{"name": "mfa"}] if mentioned.aal == WITH_SECOND_FACTOR else [])


def _capability(claims: JSON, settings: HookSettings) -> Capability:
    removable: Names = tuple(name for name in claims if name not in REQUIRED)
    able = msgspec.structs.replace(CAPABILITY, remove=removable)
    if settings.id_token_claims:
        # The scope of its access token is not to be had by the name of a claim of the other.
        reserved = {"idToken": ("scope",)}
        return msgspec.structs.replace(able, tokens=("idToken", "accessToken"), one_bag=True, reserved=reserved)
    return able


def allow(asked: Asked, execution: Execution) -> Reply:
    return Reply(body={"claims": (execution.accessToken or {}) | (execution.idToken or {})})


def refuse(refusal: Refusal) -> Reply:
    if refusal.cause == "unauthenticated":
        return Reply(status=401, body={"error": "invalid_signature"})
    message = refusal.text or refusal.error  # an empty one would be an internal error
    return Reply(body={"error": {"http_code": CODE[refusal.cause], "message": message}})


ISSUER = Issuer(
    name="supabase",
    title="Supabase Auth",
    secrets=("standard_webhooks",),
    wait=5.0,
    fails="closed",
    denies="200 `error`",
    capability=CAPABILITY,
    parse=parse,
    allow=allow,
    refuse=refuse,
)
