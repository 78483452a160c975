"""WSO2 Identity Server and Asgardeo: the actions before an access token and before an ID token are issued
(wso2-extensions/identity-inbound-auth-oauth, PreIssueAccessToken*, PreIssueIDToken*).

Each call says what may be changed (`allowedOperations`), and what is not allowed is dropped there without a word: so
it is looked up here first. Paths are split at `/`, without an escape: a claim named by a URI can be added, and never
be changed. An index is one of the list that came with the call, not of what earlier operations have made of it.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from api.issuers.issuer import JSON, RULE_FAILED, Asked, Issuer, Refusal, Reply, changes, context_of, present
from engine.capability import Capability, Token
from engine.execution import Execution
from engine.models import HookSettings

Op = Literal["add", "replace", "remove"]
TOKEN: dict[str, Token] = {"PRE_ISSUE_ACCESS_TOKEN": "accessToken", "PRE_ISSUE_ID_TOKEN": "idToken"}
CAPABILITY = Capability(
    issuer="wso2",
    values=("string", "integer", "number", "boolean", "strings"),
    lists_shrink=True,
)
LIVES = (1, 10 * 365 * 86_400)  # seconds: it has no bounds of its own
STATUS = {"failed": 500, "unavailable": 500, "invalid": 400, "unauthenticated": 401}
MESSAGE = {"failed": "server_error", "unavailable": "server_error", "invalid": "invalid_request"}
MESSAGE |= {"unauthenticated": "unauthorized"}


class Claim(msgspec.Struct, frozen=True):
    name: str
    value: Any = None


class TokenPart(msgspec.Struct, frozen=True):
    claims: tuple[Claim, ...] = ()
    scopes: tuple[str, ...] | None = None


class Parameter(msgspec.Struct, frozen=True):
    name: str
    value: tuple[str, ...] = ()


class Request(msgspec.Struct, frozen=True, rename="camel"):
    client_id: str
    grant_type: str | None = None
    redirect_uri: str | None = None
    response_type: str | None = None
    scopes: tuple[str, ...] | None = None
    # The documentation shows a map, what is sent is a list.
    additional_headers: tuple[Parameter, ...] | dict[str, Any] = ()
    additional_params: tuple[Parameter, ...] | dict[str, Any] = ()


class User(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    user_type: str | None = None
    organization: dict[str, Any] | None = None


class Event(msgspec.Struct, frozen=True, rename="camel"):
    request: Request
    access_token: TokenPart | None = None
    id_token: TokenPart | None = None
    user: User | None = None
    user_store: dict[str, Any] | None = None


class Allowed(msgspec.Struct, frozen=True):
    op: Op
    paths: tuple[str, ...] = ()


class Hook(msgspec.Struct, frozen=True, rename="camel"):
    action_type: Literal["PRE_ISSUE_ACCESS_TOKEN", "PRE_ISSUE_ID_TOKEN"]
    event: Event
    allowed_operations: tuple[Allowed, ...] = ()

    @property
    def token(self) -> Token:
        return TOKEN[self.action_type]

    @property
    def part(self) -> TokenPart:
        return (self.event.access_token if self.token == "accessToken" else self.event.id_token) or TokenPart()  # noqa: S105

    def allows(self, op: Op, path: str) -> bool:
        """Whether an operation is accepted: its path is listed, or that up to its last `/`."""
        listed = {path for one in self.allowed_operations if one.op == op for path in one.paths}
        return path in listed or path[: path.rfind("/") + 1] in listed


def parse(body: JSON, settings: HookSettings) -> Asked:
    hook = msgspec.convert(body, Hook)
    request, user, token = hook.event.request, hook.event.user, hook.token
    claims = {claim.name: claim.value for claim in hook.part.claims if claim.name != "expires_in"}
    seconds = next((claim.value for claim in hook.part.claims if claim.name == "expires_in"), None)
    able = _capability(hook, claims)
    if able.scope:
        claims["scope"] = list(hook.part.scopes or ())
    return Asked(
        user=None if user is None else present(user_id=user.id, organization=user.organization),
        context=context_of(
            "wso2",
            body,
            client=request.client_id,
            grant=request.grant_type or "authorization_code",
            id_token=claims if token == "idToken" else None,  # noqa: S105
            access_token=claims if token == "accessToken" else None,  # noqa: S105
            query={"scope": " ".join(request.scopes or ()), **_first(request.additional_params)},
            connection=(hook.event.user_store or {}).get("name"),
            lifetime=None if seconds is None else {token: seconds},
        ),
        capability=able,
        call=hook,
    )


def _first(parameters: tuple[Parameter, ...] | dict[str, Any]) -> JSON:
    if isinstance(parameters, dict):
        return parameters
    return {one.name: one.value[0] if len(one.value) == 1 else list(one.value) for one in parameters}


def _capability(hook: Hook, claims: JSON) -> Capability:
    token, base = hook.token, f"/{hook.token}/claims/"
    named = [name for name in claims if "/" not in name]
    scopes = f"/{token}/scopes/"
    return msgspec.structs.replace(
        CAPABILITY,
        tokens=(token,),
        add=hook.allows("add", base + "-"),
        overwrite=tuple(name for name in named if _changeable(hook, base + name, claims[name])),
        remove=tuple(name for name in named if hook.allows("remove", base + name)),
        scope=token == "accessToken" and hook.allows("add", scopes + "-") and hook.allows("remove", scopes + "0"),  # noqa: S105
        lifetime={token: LIVES} if hook.allows("replace", base + "expires_in") else {},
    )


def _changeable(hook: Hook, path: str, value: Any) -> bool:
    if not isinstance(value, list):
        return hook.allows("replace", path)
    return all(hook.allows(op, f"{path}/0") for op in ("replace", "remove"))


def allow(asked: Asked, execution: Execution) -> Reply:
    hook: Hook = asked.call
    token, base = hook.token, f"/{hook.token}/claims/"
    before = asked.claims[token]
    after = execution.idToken if token == "idToken" else execution.accessToken  # noqa: S105
    changed = changes(before, after)
    new = {name: value for name, value in changed.set.items() if name not in before}
    operations: list[JSON] = [
        {"op": "add", "path": base + "-", "value": {"name": name, "value": value}} for name, value in new.items()
    ]
    for name, value in changed.set.items():
        if name in new:
            continue
        if isinstance(value, list):
            operations += _list_operations(base + name, before[name], value)
        else:
            operations.append({"op": "replace", "path": base + name, "value": value})
    operations += [{"op": "remove", "path": base + name} for name in changed.removed]
    if seconds := execution.lifetime.get(token):
        operations.append({"op": "replace", "path": base + "expires_in", "value": seconds})
    if execution.scope is not None:
        operations += _scope_operations(f"/{token}/scopes/", list(hook.part.scopes or ()), execution.scope)
    return Reply(body={"actionStatus": "SUCCESS", "operations": operations})


def _list_operations(path: str, before: list[Any], after: list[Any]) -> list[JSON]:
    """From one list to another that is no longer: members are swapped, then taken out, by the indexes of the first."""
    kept = list(after)
    gone = []
    for index, member in enumerate(before):
        if member in kept:
            kept.remove(member)
        else:
            gone.append(index)
    swapped = [
        {"op": "replace", "path": f"{path}/{index}", "value": new} for index, new in zip(gone, kept, strict=False)
    ]
    return swapped + [{"op": "remove", "path": f"{path}/{index}"} for index in gone[len(kept) :]]


def _scope_operations(path: str, before: list[str], after: list[str]) -> list[JSON]:
    added = [{"op": "add", "path": path + "-", "value": scope} for scope in after if scope not in before]
    gone = [{"op": "remove", "path": f"{path}{index}"} for index, scope in enumerate(before) if scope not in after]
    return added + gone


def refuse(refusal: Refusal) -> Reply:
    if refusal.cause == "denied":
        body = {"actionStatus": "FAILED", "failureReason": refusal.error, "failureDescription": refusal.text}
        return Reply(body=body)
    text = "invalid credentials" if refusal.cause == "unauthenticated" else refusal.text or RULE_FAILED
    body = {"actionStatus": "ERROR", "errorMessage": MESSAGE[refusal.cause], "errorDescription": text}
    return Reply(status=STATUS[refusal.cause], body=body)


ISSUER = Issuer(
    name="wso2",
    title="WSO2 Identity Server, Asgardeo",
    secrets=("header", "basic", "bearer", "jwt"),
    wait=5.0,
    fails="closed",
    denies="200 `FAILED`",
    capability=CAPABILITY,
    parse=parse,
    allow=allow,
    refuse=refuse,
)
