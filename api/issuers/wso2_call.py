"""What WSO2 says in a call, and where it lets an answer change something (wso2/carbon-identity-framework, action
execution: `OperationComparator`; wso2-extensions/identity-inbound-auth-oauth: `PreIssue*ResponseProcessor`)."""

from __future__ import annotations

import re
from typing import Any, Literal

import msgspec

from engine.capability import Token

TOKEN: dict[str, Token] = {"PRE_ISSUE_ACCESS_TOKEN": "accessToken", "PRE_ISSUE_ID_TOKEN": "idToken"}
# A path with such a name at its end is read as one of the audience, of a place in a list, or of something else.
MISREAD = re.compile(r"aud.*|[+-]?\d+|.*/.*|", re.DOTALL)


class Claim(msgspec.Struct, frozen=True):
    name: str
    value: Any = None


class TokenPart(msgspec.Struct, frozen=True):
    claims: tuple[Claim, ...] = ()
    scopes: tuple[str, ...] | None = None


class Parameter(msgspec.Struct, frozen=True):
    name: str
    value: Any = None


# The documentation shows a map, what is sent is a list.
Parameters = tuple[Parameter, ...] | dict[str, Any] | None


class Request(msgspec.Struct, frozen=True, rename="camel"):
    client_id: str
    grant_type: str | None = None
    redirect_uri: str | None = None
    scopes: tuple[str, ...] | None = None
    additional_headers: Parameters = None
    additional_params: Parameters = None


class User(msgspec.Struct, frozen=True, rename={"federated_idp": "federatedIdP"}):
    id: str | None = None  # one of another identity provider has none
    federated_idp: str | None = None
    organization: dict[str, Any] | None = None


class UserStore(msgspec.Struct, frozen=True):
    name: str | None = None


class Event(msgspec.Struct, frozen=True, rename="camel"):
    request: Request
    access_token: TokenPart | None = None
    id_token: TokenPart | None = None
    user: User | None = None
    user_store: UserStore | None = None


class Allowed(msgspec.Struct, frozen=True):
    op: str
    paths: tuple[str, ...] = ()


class Hook(msgspec.Struct, frozen=True, rename="camel"):
    action_type: Literal["PRE_ISSUE_ACCESS_TOKEN", "PRE_ISSUE_ID_TOKEN"]
    event: Event
    allowed_operations: tuple[Allowed, ...] = ()

    @property
    def token(self) -> Token:
        return TOKEN[self.action_type]

    @property
    def base(self) -> str:
        return f"/{self.token}/claims/"

    @property
    def part(self) -> TokenPart:
        return (self.event.access_token if self.token == "accessToken" else self.event.id_token) or TokenPart()  # noqa: S105


class Paths:
    """Where which operations are accepted: at a path that is listed, or whose part up to the last `/` is."""

    def __init__(self, allowed: tuple[Allowed, ...]) -> None:
        self._listed = {(one.op, path) for one in allowed for path in one.paths}

    def __call__(self, op: str, path: str) -> bool:
        return (op, path) in self._listed or (op, path[: path.rfind("/") + 1]) in self._listed


def named(parameters: Parameters) -> dict[str, Any]:
    """Headers or parameters by their names; those that were sent once without the list around them."""
    pairs = parameters if isinstance(parameters, dict) else {one.name: one.value for one in parameters or ()}
    return {name: v[0] if isinstance(v, list) and len(v) == 1 else v for name, v in pairs.items()}
