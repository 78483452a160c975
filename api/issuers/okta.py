"""Okta: the token inline hook (okta-developer-docs, reference/token-hook).

It fails open: whatever is not an answer that it understands, in 3 seconds, has the unmodified token issued. So
everything that we can still say is said with status 200, and an answer holds no operation that it would refuse: one
such, and it takes none of them.
"""

from __future__ import annotations

from typing import Any

import msgspec

from api.issuers.issuer import JSON, Asked, Changes, Issuer, NotTold, Refusal, Reply, changes, context_of, present
from engine.capability import LEFT_OUT, TOKENS, Capability, Token
from engine.execution import Execution
from engine.models import HookSettings

# Of the page "token hook"; and `scp`, which that of access tokens reserves (reference/api/oidc).
RESERVED: dict[Token, str] = {
    "accessToken": "acr amr as_uri cid groups rpt rsi scp uid username",
    "idToken": """active aid app_id app_type at_hash auth_time client_* cnf c_hash device_* did dst group groups hotk
    idp idp_iss mac_key may_act nonce oid okta_emailVerified okta_lastUpdated orig permissions purpose pwd_exp_* rid
    role scope scopes sid term user_ip""",
}
# The last has no name: whether it could be a claim is not known, and a refused operation costs all the others.
BOTH = ("iss", "jti", "token_type", "ver", "")
LIVES = (300, 86_400)  # seconds
LARGEST = 256_000  # bytes of an answer
MOST_DROPPED = 20  # names of claims, in an answer
CAPABILITY = Capability(
    issuer="okta",
    values=("string", "integer", "boolean", "strings", "array", "object"),
    reserved={token: (*names.split(), *BOTH) for token, names in RESERVED.items()},
    lifetime=dict.fromkeys(TOKENS, LIVES),
)
COMMANDS: dict[Token, str] = {"idToken": "com.okta.identity.patch", "accessToken": "com.okta.access.patch"}
DROPPED = {"protected_claim", "restricted_claim", "not_json", *LEFT_OUT} - {"token_not_issued", "value_as_text"}


class Lifetime(msgspec.Struct, frozen=True):
    expiration: int | None = None


class TokenPart(msgspec.Struct, frozen=True):
    lifetime: Lifetime | None = None


class Issued(msgspec.Struct, frozen=True):
    """A token that is about to be issued. Without `claims` nothing could be added to it."""

    claims: dict[str, Any]
    token: TokenPart | None = None

    @property
    def expiration(self) -> int | None:
        lifetime = (self.token or TokenPart()).lifetime or Lifetime()
        return lifetime.expiration


class Client(msgspec.Struct, frozen=True):
    id: str
    name: str | None = None


class OAuthRequest(msgspec.Struct, frozen=True):
    scope: str | None = None
    state: str | None = None
    redirect_uri: str | None = None
    response_mode: str | None = None
    response_type: str | None = None
    grant_type: str | None = None


class Protocol(msgspec.Struct, frozen=True):
    client: Client
    request: OAuthRequest | None = None


class HttpRequest(msgspec.Struct, frozen=True, rename="camel"):
    ip_address: str | None = None


class User(msgspec.Struct, frozen=True):
    id: str
    profile: dict[str, Any] | None = None


class Idp(msgspec.Struct, frozen=True):
    type: str | None = None


class Session(msgspec.Struct, frozen=True):
    id: str | None = None
    amr: tuple[str, ...] | None = None
    idp: Idp | None = None


class Context(msgspec.Struct, frozen=True):
    protocol: Protocol
    request: HttpRequest | None = None
    user: User | None = None
    session: Session | None = None


class Data(msgspec.Struct, frozen=True):
    context: Context
    identity: Issued | None = None
    access: Issued | None = None


class Hook(msgspec.Struct, frozen=True):
    data: Data


def parse(body: JSON, settings: HookSettings) -> Asked:
    data = msgspec.convert(body, Hook).data
    context = data.context
    request, session = context.protocol.request or OAuthRequest(), context.session or Session()
    tokens: dict[Token, Issued | None] = {"idToken": data.identity, "accessToken": data.access}
    issued = {token: part for token, part in tokens.items() if part is not None}
    lifetime = {token: part.expiration for token, part in issued.items() if part.expiration is not None}
    return Asked(
        user=None if context.user is None else _user(context.user, data.identity),
        context=context_of(
            "okta",
            body,
            client=context.protocol.client.id,
            grant=request.grant_type or _flow(request.response_type),
            id_token=data.identity.claims if data.identity else None,
            access_token=data.access.claims if data.access else None,
            query=msgspec.to_builtins(request),
            ip=context.request.ip_address if context.request else None,
            clientName=context.protocol.client.name,
            connection=session.idp.type if session.idp else None,
            sessionID=session.id,
            authentication={"methods": [{"name": name.lower()} for name in session.amr or ()]},
            lifetime=lifetime,
        ),
        # To replace what the call does not have, or to change a token that it does not issue, would be refused.
        capability=msgspec.structs.replace(CAPABILITY, tokens=tuple(issued), lifetime=dict.fromkeys(lifetime, LIVES)),
    )


def _user(user: User, identity: Issued | None) -> JSON:
    profile = user.profile or {}
    named = present(
        user_id=user.id,
        username=profile.get("login"),
        given_name=profile.get("firstName"),
        family_name=profile.get("lastName"),
        locale=profile.get("locale"),
        zoneinfo=profile.get("timeZone"),
    )
    standard = ("email", "email_verified", "name", "nickname", "preferred_username", "phone_number", "groups")
    claims = identity.claims if identity else {}
    return {name: claims[name] for name in standard if name in claims} | named | {"profile": profile}


def _flow(response_type: str | None) -> str:
    """The flow of an authorization request (OpenID Connect Core, 3)."""
    return "authorization_code" if "code" in (response_type or "code").split() else "implicit"


def allow(asked: Asked, execution: Execution) -> Reply:
    """Raises `NotTold` for an answer that it would not read, and issue the token."""
    commands: list[JSON] = []
    told: set[str] = set()
    after = {"idToken": execution.idToken, "accessToken": execution.accessToken}
    for token in asked.capability.tokens:
        before = asked.claims[token]
        changed = changes(before, after[token])
        told.update(changed.set)
        operations = _operations(before, changed)
        if token in asked.capability.lifetime and (seconds := execution.lifetime.get(token)):
            operations.append({"op": "replace", "path": "/token/lifetime/expiration", "value": seconds})
        if operations:
            commands.append({"type": COMMANDS[token], "value": operations})
    body: JSON = {"commands": commands} if commands else {}
    if dropped := _dropped(execution, told):
        body["debugContext"] = {"dropped": dropped[:MOST_DROPPED]}
    size = len(msgspec.json.encode(body))
    if size > LARGEST:
        raise NotTold(f"the answer has {size} bytes: Okta reads {LARGEST}, and would issue the token without it")
    return Reply(body=body) if body else Reply(status=204)


def _operations(before: JSON, changed: Changes) -> list[JSON]:
    """A JSON Patch (RFC 6902) of the claims."""
    operations: list[JSON] = [
        {"op": "replace" if name in before else "add", "path": _path(name), "value": value}
        for name, value in changed.set.items()
    ]
    return operations + [{"op": "remove", "path": _path(name)} for name in changed.removed]


def _dropped(execution: Execution, told: set[str]) -> list[str]:
    """The claims that rules have changed and that stay as they were. A restricted one may be `told` all the same."""
    found = [one for one in execution.warnings if one.code in DROPPED and one.claim]
    names = [str(one.claim) for one in found if one.code != "restricted_claim" or one.claim not in told]
    return list(dict.fromkeys(names))


def _path(claim: str) -> str:
    """A JSON Pointer (RFC 6901, section 3)."""
    return "/claims/" + claim.replace("~", "~0").replace("/", "~1")


def refuse(refusal: Refusal) -> Reply:
    if refusal.cause == "unauthenticated":
        return Reply(status=401, body={"error": "unauthorized"})
    return Reply(body={"error": {"errorSummary": refusal.text or refusal.error}})


ISSUER = Issuer(
    name="okta",
    title="Okta",
    secrets=("header", "jwt"),
    wait=3.0,
    fails="open",
    denies="200 `error`",
    capability=CAPABILITY,
    parse=parse,
    allow=allow,
    refuse=refuse,
)
