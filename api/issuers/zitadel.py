"""Zitadel: actions v2, the functions `preuserinfo`, `preaccesstoken` and `presamlresponse` (zitadel/zitadel,
internal/api/oidc/userinfo.go; apps/docs, guides/integrate/actions).

It can only add: a claim that it has set stays. Of several targets a later one sees what an earlier one has answered,
and each member of its own answer stands instead of the earlier one's, so those are carried on. A login takes several
calls, each about one token. A call can come as a JWS by a web key of the instance, or as such a one in a JWE
(internal/execution/execution.go); the target's own signature is over whichever it is.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any, Literal

import msgspec

from api.issuers.issuer import JSON, RULE_FAILED, Asked, Issuer, Refusal, Reply, changes, context_of, present
from api.issuers.kinds import JwtPayload
from engine.capability import Capability, Names, Token
from engine.execution import Execution
from engine.models import HookSettings

Function = Literal["function/preuserinfo", "function/preaccesstoken", "function/presamlresponse"]
CAPABILITY = Capability(
    issuer="zitadel",
    reserved=dict.fromkeys(("idToken", "accessToken"), ("urn:zitadel:iam*",)),
    overwrite=False,
    remove=False,
    updates=("user_metadata",),
    update_removes=False,
)
SAML: JSON = {"values": ("string", "strings"), "as_text": ("integer", "number", "boolean")}
NAME_FORMAT = "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified"
TOKEN: dict[str, Token] = {
    "function/preuserinfo": "idToken",
    "function/preaccesstoken": "accessToken",
    "function/presamlresponse": "idToken",
}
# What it may forward to the client as it is (4xx), and what is a failed precondition to it.
FORWARDED = {"denied": 403}
STATUS = {"failed": 500, "unavailable": 503, "invalid": 400, "unauthenticated": 401}
ERROR = {"failed": "server_error", "unavailable": "temporarily_unavailable", "invalid": "invalid_request"}
ERROR |= {"unauthenticated": "invalid_signature"}

TOKEN_CLAIMS = frozenset({"iss", "sub", "aud", "exp"})  # one of them is in each token that a web key signs

MOST_LOGGED = 20  # lines of ours: they become a claim themselves
LOGGED = {
    "claim_not_overwritten": "already set by the issuer, not overwritten",
    "claim_not_removed": "already set by the issuer, not removed",
    "claim_reserved": "is the issuer's to set, left out",
    "protected_claim": "is the issuer's to set, left out",
    "value_not_carried": "has a value that an attribute cannot have, left out",
    "not_json": "has a value that is no JSON, left out",
}


class Human(msgspec.Struct, frozen=True):
    first_name: str | None = None
    last_name: str | None = None
    display_name: str | None = None
    nick_name: str | None = None
    preferred_language: str | None = None
    email: str | None = None
    is_email_verified: bool | None = None
    phone: str | None = None
    is_phone_verified: bool | None = None


class Machine(msgspec.Struct, frozen=True):
    name: str | None = None


class User(msgspec.Struct, frozen=True):
    id: str
    username: str | None = None
    preferred_login_name: str | None = None
    human: Human | None = None
    machine: Machine | None = None


class Grant(msgspec.Struct, frozen=True):
    """The roles that somebody has in one project. Its documentation writes `projectId`, its code `project_id`."""

    roles: tuple[str, ...] | None = None
    project_id: str | None = None
    project_name: str | None = None
    resource_owner: str | None = None
    camel_id: str | None = msgspec.field(default=None, name="projectId")
    camel_name: str | None = msgspec.field(default=None, name="projectName")
    camel_owner: str | None = msgspec.field(default=None, name="resourceOwner")


class Metadata(msgspec.Struct, frozen=True):
    key: str
    value: str | None = None


class Claim(msgspec.Struct, frozen=True):
    key: str
    value: Any = None


class Attribute(msgspec.Struct, frozen=True):
    name: str
    name_format: str = NAME_FORMAT
    value: tuple[str, ...] | None = None


class Earlier(msgspec.Struct, frozen=True):
    """What targets before this one have answered."""

    append_claims: tuple[Claim, ...] | None = None
    append_attribute: tuple[Attribute, ...] | None = None
    append_log_claims: tuple[str, ...] | None = None
    set_user_metadata: tuple[Metadata, ...] | None = None


class Application(msgspec.Struct, frozen=True):
    client_id: str | None = None


class Org(msgspec.Struct, frozen=True):
    id: str | None = None
    name: str | None = None
    primary_domain: str | None = None


class Hook(msgspec.Struct, frozen=True):
    function: Function
    userinfo: dict[str, Any] | None = None
    user: User | None = None
    user_metadata: tuple[Metadata, ...] | None = None
    user_grants: tuple[Grant, ...] | None = None
    org: Org | None = None
    application: Application | None = None
    response: Earlier | None = None

    @property
    def saml(self) -> bool:
        return self.function == "function/presamlresponse"

    @property
    def earlier(self) -> Earlier:
        return self.response or Earlier()


def parse(body: JSON, settings: HookSettings) -> Asked:
    hook = msgspec.convert(body, Hook)
    saml, token, userinfo = hook.saml, TOKEN[hook.function], hook.userinfo or {}
    added = _added(hook)
    claims = added if saml else added | userinfo
    # Of what is there, only what comes of us or of another target can still be changed.
    changeable: Names = tuple(name for name in added if saml or name not in userinfo)
    able = msgspec.structs.replace(
        CAPABILITY, tokens=(token,), overwrite=changeable, remove=changeable, **(SAML if saml else {})
    )
    org = hook.org or Org()
    return Asked(
        user=_user(hook),
        context=context_of(
            "zitadel",
            body,
            client=hook.application.client_id if hook.application else None,
            grant=None,
            id_token=claims if token == "idToken" else None,  # noqa: S105
            access_token=claims if token == "accessToken" else None,  # noqa: S105
            protocol="samlp" if saml else None,
            organization=present(id=org.id, name=org.name, domain=org.primary_domain) or None,
        ),
        capability=able,
        call=(hook, added),
    )


def _added(hook: Hook) -> JSON:
    """What targets before this one have added. Of two claims of one name Zitadel takes the first."""
    if hook.saml:
        return {one.name: list(one.value or ()) for one in hook.earlier.append_attribute or ()}
    added: JSON = {}
    for one in hook.earlier.append_claims or ():
        added.setdefault(one.key, one.value)
    return added


def _user(hook: Hook) -> JSON | None:
    user = hook.user
    if user is None:
        return None
    human, machine = user.human or Human(), user.machine or Machine()
    grants = [_grant(one) for one in hook.user_grants or ()]
    return present(
        user_id=user.id,
        username=user.preferred_login_name or user.username,
        name=human.display_name or machine.name,
        given_name=human.first_name,
        family_name=human.last_name,
        nickname=human.nick_name,
        locale=human.preferred_language,
        email=human.email,
        email_verified=human.is_email_verified,
        phone_number=human.phone,
        phone_number_verified=human.is_phone_verified,
        user_metadata={one.key: _decoded(one.value or "") for one in hook.user_metadata or ()},
        roles=list(dict.fromkeys(role for grant in grants for role in grant["roles"])),
        grants=grants,
    )


def _grant(grant: Grant) -> JSON:
    known = present(
        project_id=grant.project_id or grant.camel_id,
        project_name=grant.project_name or grant.camel_name,
        organization_id=grant.resource_owner or grant.camel_owner,
    )
    return known | {"roles": list(grant.roles or ())}


def _decoded(value: str) -> str:
    """The text of a metadata value; what is no text in base64 stays as it came."""
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return value


def allow(asked: Asked, execution: Execution) -> Reply:
    hook, added = asked.call
    token = TOKEN[hook.function]
    changed = changes(asked.claims[token], execution.idToken if token == "idToken" else execution.accessToken)  # noqa: S105
    body: JSON = {}
    if changed:
        gone = frozenset(changed.removed)
        kept = {name: value for name, value in added.items() if name not in gone} | changed.set
        body |= _attributes(hook, kept) if hook.saml else _claims(kept)
    if patch := execution.updates.get("user_metadata"):
        stored = {one.key: one.value for one in hook.earlier.set_user_metadata or ()}
        stored |= {name: _encoded(value) for name, value in patch.items()}
        body["set_user_metadata"] = [{"key": name, "value": value} for name, value in stored.items()]
    if not hook.saml and (lines := _log(execution, changed.set)):
        body["append_log_claims"] = [*(hook.earlier.append_log_claims or ()), *lines]
    return Reply(body=body)


def _claims(kept: JSON) -> JSON:
    return {"append_claims": [{"key": name, "value": value} for name, value in kept.items()]}


def _attributes(hook: Hook, kept: JSON) -> JSON:
    formats = {one.name: one.name_format for one in hook.earlier.append_attribute or ()}
    attributes = [
        {
            "name": name,
            "name_format": formats.get(name, NAME_FORMAT),
            "value": value if isinstance(value, list) else [value],
        }
        for name, value in kept.items()
    ]
    return {"append_attribute": attributes}


def _encoded(value: Any) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return base64.b64encode(text.encode()).decode()


def _log(execution: Execution, told: JSON) -> list[str]:
    """What was left out, where Zitadel shows it: in the token, under `urn:zitadel:iam:action:<function>:log`. So it
    names claims, and says nothing of rules. One that is `told` was left out of the other token."""
    left_out = [one for one in execution.warnings if one.code in LOGGED and one.claim and one.claim not in told]
    lines = list(dict.fromkeys(f'claim "{one.claim}" {LOGGED[one.code]}' for one in left_out))
    more = len(lines) - MOST_LOGGED
    return lines if more <= 0 else [*lines[:MOST_LOGGED], f"and {more} claims more"]


def refuse(refusal: Refusal) -> Reply:
    if refusal.cause in FORWARDED:
        status = FORWARDED[refusal.cause]
        return Reply(body={"forwardedStatusCode": status, "forwardedErrorMessage": refusal.text or refusal.error})
    text = {} if refusal.cause == "unauthenticated" else {"error_description": refusal.text or RULE_FAILED}
    return Reply(status=STATUS[refusal.cause], body={"error": ERROR[refusal.cause], **text})


def vouches(body: JSON, secret: Any) -> bool:
    """A web key signs tokens as well, and those say for whom they are. No call does."""
    return TOKEN_CLAIMS.isdisjoint(body) or not isinstance(secret, JwtPayload)


ISSUER = Issuer(
    name="zitadel",
    title="Zitadel",
    secrets=("signing_key", "jwt_payload", "jwe_payload"),
    scheme="zitadel",
    wait=10.0,
    fails="as configured",
    denies="200 `forwardedStatusCode`",
    capability=CAPABILITY,
    parse=parse,
    allow=allow,
    refuse=refuse,
    vouches=vouches,
)
