"""WorkOS Actions: a decision about a sign-in or a registration, and no claims (workos/workos-node). Its claims come of
JWT templates. Our answer is signed, too."""

from __future__ import annotations

from typing import Any

import msgspec

from api.issuers.issuer import JSON, MILLISECONDS, Asked, Issuer, Refusal, Reply, context_of, present
from api.issuers.signatures import timed_signature
from engine.capability import Capability
from engine.execution import Execution
from engine.models import HookSettings

CAPABILITY = Capability(issuer="workos", tokens=())
REGISTRATION = "user_registration_action_context"
AUTHENTICATION_RESPONSE, REGISTRATION_RESPONSE = "authentication_action_response", "user_registration_action_response"


class UserData(msgspec.Struct, frozen=True):
    email: str
    name: str | None = None
    first_name: str | None = None
    last_name: str | None = None


class User(UserData, frozen=True, kw_only=True):
    id: str
    email_verified: bool | None = None
    profile_picture_url: str | None = None


class Context(msgspec.Struct, frozen=True, kw_only=True):
    ip_address: str | None = None
    user_agent: str | None = None


class Authentication(Context, frozen=True, kw_only=True, tag_field="object", tag="authentication_action_context"):
    user: User
    organization: dict[str, Any] | None = None


class Registration(Context, frozen=True, kw_only=True, tag_field="object", tag=REGISTRATION):
    user_data: UserData


Hook = Authentication | Registration


def parse(body: JSON, settings: HookSettings) -> Asked:
    hook: Hook = msgspec.convert(body, Hook)
    user = hook.user if isinstance(hook, Authentication) else hook.user_data
    return Asked(
        user=_user(user),
        context=context_of(
            "workos",
            body,
            client=None,
            grant="authorization_code",
            ip=hook.ip_address,
            user_agent=hook.user_agent,
            organization=hook.organization if isinstance(hook, Authentication) else None,
        ),
        capability=CAPABILITY,
    )


def _user(user: UserData) -> JSON:
    known = present(name=user.name, given_name=user.first_name, family_name=user.last_name, email=user.email)
    if not isinstance(user, User):
        return known  # who registers has no id yet
    return known | present(user_id=user.id, email_verified=user.email_verified, picture=user.profile_picture_url)


def allow(asked: Asked, execution: Execution) -> Reply:
    return Reply(body={"verdict": "Allow"})


def refuse(refusal: Refusal) -> Reply:
    if refusal.cause == "unauthenticated":
        return Reply(status=401, body={"error": "invalid_signature"})
    return Reply(body={"verdict": "Deny", "error_message": refusal.text or refusal.error})


def sign(verdict: JSON, call: JSON, secret: Any, now: float) -> JSON:
    """The verdict as the signed payload of an answer to `call`."""
    timestamp = int(now * MILLISECONDS)
    payload = {"timestamp": timestamp} | verdict
    signature = timed_signature(secret.value, str(timestamp), msgspec.json.encode(payload))
    # Of a call that is not understood, nobody can tell which of the two it is.
    answer = REGISTRATION_RESPONSE if call.get("object") == REGISTRATION else AUTHENTICATION_RESPONSE
    return {"object": answer, "payload": payload, "signature": signature}


ISSUER = Issuer(
    name="workos",
    title="WorkOS Actions",
    secrets=("signing_key",),
    scheme="workos",
    wait=10.0,
    fails="as configured",
    denies="200 `Deny`, signed",
    capability=CAPABILITY,
    parse=parse,
    allow=allow,
    refuse=refuse,
    sign=sign,
)
