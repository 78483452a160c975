"""AWS Cognito: the pre token generation trigger, events of version 1 to 3 (AWS developer guide,
user-pool-lambda-pre-token-generation), handed on by the Lambda function of examples/cognito.

What is answered is the event with its `response` filled. A denial is an error of the function, whose text the person
sees. `groupOverrideDetails` is never sent: an empty one would take all groups away.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from api.issuers.issuer import JSON, Asked, Changes, Issuer, Refusal, Reply, changes, context_of, present
from engine.capability import EVERY_KIND, Capability, Kind, Token
from engine.execution import Execution
from engine.models import HookSettings

VERSIONS = ("1", "2", "3")
# What nobody can change. Groups could be, by `groupOverrideDetails` alone.
RESERVED = tuple(
    """acr amr aud at_hash auth_time azp cognito:groups cognito:preferred_role cognito:roles cognito:username exp iat
    identities iss jti nbf nonce origin_jti sub token_use""".split()
)
OF_ACCESS_TOKENS = ("client_id", "device_key", "event_id", "scope", "username", "version")
CAPABILITY = Capability(
    issuer="cognito",
    values=tuple(kind for kind in EVERY_KIND if kind != "null"),
    reserved={"idToken": RESERVED, "accessToken": (*RESERVED, *OF_ACCESS_TOKENS)},
    scope=True,
)
# Of these it takes no JSON in an ID token.
PLAIN: dict[str, tuple[Kind, ...]] = dict.fromkeys(
    ("phone_number_verified", "email_verified", "updated_at", "address"), ("string", "integer", "number", "boolean")
)
TEXTS: JSON = {"values": ("string",), "as_text": ("integer", "number", "boolean", "strings", "array", "object")}
STATUS = {"denied": 403, "failed": 500, "unavailable": 503, "invalid": 400, "unauthenticated": 401}
CLIENT_CREDENTIALS = "TokenGeneration_ClientCredentials"
GRANTS = {
    "TokenGeneration_RefreshTokens": "refresh_token",
    CLIENT_CREDENTIALS: "client_credentials",
}
GENERATION: dict[Token, str] = {"idToken": "idTokenGeneration", "accessToken": "accessTokenGeneration"}
PREFIX = "custom:"
BOOLEANS = ("email_verified", "phone_number_verified")  # in an ID token; as attributes they are texts
WAITS = 3.0  # seconds: of the five that Cognito gives the function, which gives us three


class CallerContext(msgspec.Struct, frozen=True, rename="camel"):
    client_id: str | None = None


class Groups(msgspec.Struct, frozen=True, rename="camel"):
    groups_to_override: tuple[str, ...] | None = None


class Request(msgspec.Struct, frozen=True, rename="camel"):
    user_attributes: dict[str, Any] | None = None
    group_configuration: Groups | None = None
    scopes: tuple[str, ...] | None = None
    client_metadata: dict[str, Any] | None = None


class Event(msgspec.Struct, frozen=True, rename="camel"):
    trigger_source: Annotated[str, msgspec.Meta(pattern=r"\ATokenGeneration_")]
    request: Request
    version: str = "1"
    user_name: str | None = None
    user_pool_id: str | None = None
    caller_context: CallerContext = CallerContext()


def parse(body: JSON, settings: HookSettings) -> Asked:
    event = msgspec.convert(body, Event)
    version = settings.version or event.version
    if version not in VERSIONS:
        raise msgspec.ValidationError(
            f"`version` is {version[:20]!r}: known are {', '.join(VERSIONS)} - at `$.version`"
        )
    machine = event.trigger_source == CLIENT_CREDENTIALS
    attributes = {} if machine else _attributes(event.request.user_attributes or {})
    scopes = {} if version == "1" else {"scope": list(event.request.scopes or ())}
    return Asked(
        user=None if machine else _user(event, attributes),
        context=context_of(
            "cognito",
            body,
            client=event.caller_context.client_id,
            grant=GRANTS.get(event.trigger_source, "authorization_code"),
            id_token={name: value for name, value in attributes.items() if name != "cognito:user_status"},
            access_token=scopes,
            query=event.request.client_metadata,
            connection=event.user_pool_id,
        ),
        capability=_capability(version, machine),
        call=(body, event, version),
    )


def _attributes(given: JSON) -> JSON:
    """As an ID token has them: that an address is verified is a boolean there, and comes as a text."""
    return {name: str(value).lower() == "true" if name in BOOLEANS else value for name, value in given.items()}


def _user(event: Event, attributes: JSON) -> JSON:
    own = {name: value for name, value in attributes.items() if ":" not in name and name != "sub"}
    custom = {name.removeprefix(PREFIX): value for name, value in attributes.items() if name.startswith(PREFIX)}
    groups = event.request.group_configuration or Groups()
    known = present(user_id=attributes.get("sub") or event.user_name, username=event.user_name)
    return own | known | {"groups": list(groups.groups_to_override or ()), "app_metadata": custom}


def _capability(version: str, machine: bool) -> Capability:
    if version == "1":
        return msgspec.structs.replace(CAPABILITY, tokens=("idToken",), scope=False, **TEXTS)
    if machine:
        return msgspec.structs.replace(CAPABILITY, tokens=("accessToken",))
    return msgspec.structs.replace(CAPABILITY, kinds=PLAIN)


def allow(asked: Asked, execution: Execution) -> Reply:
    body, event, version = asked.call
    after = {"idToken": execution.idToken, "accessToken": execution.accessToken}
    found = {token: changes(asked.claims[token], after[token]) for token in asked.capability.tokens}
    if version == "1":
        details = _claims(found["idToken"])
        answer = {"claimsOverrideDetails": details} if details else None
    else:
        generations = {GENERATION[token]: _claims(changed) for token, changed in found.items()}
        if execution.scope is not None:
            generations["accessTokenGeneration"] |= _scopes(event.request.scopes or (), execution.scope)
        generations = {name: part for name, part in generations.items() if part}
        answer = {"claimsAndScopeOverrideDetails": generations} if generations else None
    return Reply(body=body if answer is None else body | {"response": answer})


def _claims(changed: Changes) -> JSON:
    details: JSON = {"claimsToAddOrOverride": changed.set, "claimsToSuppress": list(changed.removed)}
    return {name: value for name, value in details.items() if value}


def _scopes(before: tuple[str, ...], after: list[str]) -> JSON:
    added = [scope for scope in dict.fromkeys(after) if scope not in before]
    gone = [scope for scope in before if scope not in after]
    return {name: scopes for name, scopes in (("scopesToAdd", added), ("scopesToSuppress", gone)) if scopes}


def refuse(refusal: Refusal) -> Reply:
    return Reply(status=STATUS[refusal.cause], body={"errorMessage": refusal.text or refusal.error})


ISSUER = Issuer(
    name="cognito",
    title="AWS Cognito",
    secrets=("bearer", "standard_webhooks"),
    wait=WAITS,
    fails="closed",
    denies="403, thrown by the Lambda function",
    capability=CAPABILITY,
    parse=parse,
    allow=allow,
    refuse=refuse,
)
