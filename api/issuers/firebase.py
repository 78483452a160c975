"""Google's Identity Platform, Firebase Authentication with it: the blocking functions `beforeCreate` and `beforeSignIn`
(firebase/firebase-functions, src/common/providers/identity.ts; Identity Platform's pages on blocking functions).

The call stands in a token that Google has signed. Claims are those of a session: they are in the ID token, which is the
only one, until the person signs in anew. Who is just being created has no session yet: that call is about a decision.
"""

from __future__ import annotations

import time
from typing import Annotated, Any

import msgspec

from api.issuers.issuer import JSON, MILLISECONDS, Asked, Issuer, Refusal, Reply, changes, context_of, present
from engine.capability import Capability
from engine.execution import Execution
from engine.models import Claims, HookSettings

# Those that Google's library lets nobody set, and those that its emulator overwrites afterwards, without a word.
RESERVED = (
    *"acr amr at_hash aud auth_time azp cnf c_hash exp iat iss jti nbf nonce firebase".split(),
    *"email email_verified phone_number provider_id user_id sub".split(),
)
CAPABILITY = Capability(
    issuer="firebase",
    tokens=("idToken",),
    reserved={"idToken": RESERVED},
    remove=False,
    limit=1000,
    limit_of="changes",
    unit="characters",
)
NO_SESSION = msgspec.structs.replace(CAPABILITY, tokens=())
YEAR_10000 = 253_402_300_800_000  # milliseconds
# google.rpc.Code, by the names and statuses that Google's library has for them.
ERROR = {
    "denied": (403, "PERMISSION_DENIED"),
    "failed": (500, "INTERNAL"),
    "unavailable": (503, "UNAVAILABLE"),
    "invalid": (400, "INVALID_ARGUMENT"),
    "unauthenticated": (401, "UNAUTHENTICATED"),
}


class Provider(msgspec.Struct, frozen=True):
    provider_id: str
    uid: str | None = None


class Metadata(msgspec.Struct, frozen=True):
    creation_time: Any = None  # milliseconds


class UserRecord(msgspec.Struct, frozen=True):
    uid: Annotated[str, msgspec.Meta(min_length=1)]
    email: str | None = None
    email_verified: bool | None = None
    display_name: str | None = None
    photo_url: str | None = None
    phone_number: str | None = None
    custom_claims: dict[str, Any] | None = None
    provider_data: tuple[Provider, ...] | None = None
    metadata: Metadata | None = None


class Event(msgspec.Struct, frozen=True, kw_only=True):
    user_record: UserRecord
    ip_address: str | None = None
    user_agent: str | None = None
    sign_in_method: str | None = None
    sign_in_second_factor: str | None = None
    tenant_id: str | None = None


class BeforeCreate(Event, frozen=True, kw_only=True, tag_field="event_type", tag="beforeCreate"):
    pass


class BeforeSignIn(Event, frozen=True, kw_only=True, tag_field="event_type", tag="beforeSignIn"):
    pass


Hook = BeforeCreate | BeforeSignIn


def parse(body: JSON, settings: HookSettings) -> Asked:
    """`body` is what the token says."""
    hook: Hook = msgspec.convert(body, Hook)
    signs_in = isinstance(hook, BeforeSignIn)
    second = hook.sign_in_second_factor
    return Asked(
        user=_user(hook.user_record),
        context=context_of(
            "firebase",
            body,
            client=None,
            grant="authorization_code",
            id_token=_claims(hook.user_record) if signs_in else None,
            ip=hook.ip_address,
            user_agent=hook.user_agent,
            connection=hook.sign_in_method,
            organization={"id": hook.tenant_id} if hook.tenant_id else None,
            authentication={"methods": [{"name": "mfa", "type": second}]} if second else None,
        ),
        capability=CAPABILITY if signs_in else NO_SESSION,
    )


def _user(user: UserRecord) -> JSON:
    return present(
        user_id=user.uid,
        email=user.email,
        email_verified=user.email_verified,
        name=user.display_name,
        picture=user.photo_url,
        phone_number=user.phone_number,
        app_metadata=user.custom_claims,
        identities=[present(provider=one.provider_id, user_id=one.uid) for one in user.provider_data or ()] or None,
        created_at=_moment(user.metadata.creation_time) if user.metadata else None,
    )


def _moment(milliseconds: Any) -> str | None:
    """RFC 3339, where it is a time: nobody is refused for that."""
    if not isinstance(milliseconds, int) or not 0 <= milliseconds < YEAR_10000:
        return None
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(milliseconds // MILLISECONDS))


def _claims(user: UserRecord) -> Claims:
    """Those that the ID token would have, each name from where the token takes it."""
    changeable = present(name=user.display_name, picture=user.photo_url) | (user.custom_claims or {})
    fixed = present(email=user.email, email_verified=user.email_verified, phone_number=user.phone_number)
    return changeable | fixed


def allow(asked: Asked, execution: Execution) -> Reply:
    """Only what is new or another: the rest is in the token without our word."""
    claims = changes(asked.context["idToken"], execution.idToken).set
    if not claims or not asked.capability.tokens:
        return Reply(body={})
    return Reply(body={"userRecord": {"sessionClaims": claims, "updateMask": "sessionClaims"}})


def refuse(refusal: Refusal) -> Reply:
    """The person's app gets the message, whatever it is."""
    status, name = ERROR[refusal.cause]
    return Reply(status=status, body={"error": {"status": name, "message": refusal.text or refusal.error}})


ISSUER = Issuer(
    name="firebase",
    title="Firebase Authentication, Identity Platform",
    secrets=("firebase",),
    wait=7.0,
    fails="closed",
    denies="403",
    capability=CAPABILITY,
    parse=parse,
    allow=allow,
    refuse=refuse,
)
