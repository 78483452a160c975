"""WorkOS Actions: a decision about a sign-in or a registration, and no claims (workos/workos-node). Its claims come of
JWT templates. Our answer is signed, too."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from api.issuers.issuer import JSON, MILLISECONDS, Asked, Issuer, Refusal, Reply, context_of, present
from api.issuers.signatures import timed_signature
from engine.capability import Capability
from engine.execution import Execution
from engine.models import HookSettings

CAPABILITY = Capability(issuer="workos", tokens=())
RESPONSES = {
    "authentication_action_context": "authentication_action_response",
    "user_registration_action_context": "user_registration_action_response",
}


class User(msgspec.Struct, frozen=True):
    id: str | None = None
    email: str | None = None
    email_verified: bool | None = None
    first_name: str | None = None
    last_name: str | None = None


class Hook(msgspec.Struct, frozen=True):
    object: Annotated[str, msgspec.Meta(pattern=r"\A(authentication|user_registration)_action_context\Z")]
    user: User | None = None
    user_data: User | None = None
    organization: dict[str, Any] | None = None
    ip_address: str | None = None
    user_agent: str | None = None


def parse(body: JSON, settings: HookSettings) -> Asked:
    hook = msgspec.convert(body, Hook)
    user = hook.user or hook.user_data or User()
    return Asked(
        user=present(
            user_id=user.id,
            email=user.email,
            email_verified=user.email_verified,
            given_name=user.first_name,
            family_name=user.last_name,
        ),
        context=context_of(
            "workos",
            body,
            client=None,
            grant="authorization_code",
            ip=hook.ip_address,
            organization=hook.organization,
        ),
        capability=CAPABILITY,
    )


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
    answer = RESPONSES.get(str(call.get("object")), "authentication_action_response")
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
