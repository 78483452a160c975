"""What an issuer's hook is: its words for a login, for an answer, and for everything that goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec

from engine.capability import Capability
from engine.execution import Execution
from engine.models import Claims, HookSettings

JSON = dict[str, Any]
# `denied`: the rules have decided so. `failed`: a rule or we have failed. `unavailable`: nothing was decided, for now.
# `invalid`: the call cannot be understood. `unauthenticated`: it is not known to be the issuer's.
Cause = Literal["denied", "failed", "unavailable", "invalid", "unauthenticated"]
Fails = Literal["closed", "open", "as configured"]

RULE_FAILED = "rule execution failed"
UNAVAILABLE = "the rules cannot be run just now"
MILLISECONDS = 1000

# By which words of Auth0 Rules a rule knows a grant (RFC 6749; RFC 8628; RFC 7523; RFC 8693).
PROTOCOLS = {
    "authorization_code": "oidc-basic-profile",
    "implicit": "oidc-implicit-profile",
    "password": "oauth2-password",
    "refresh_token": "oauth2-refresh-token",
    "client_credentials": "oauth2-client-credentials",
    "urn:ietf:params:oauth:grant-type:device_code": "oauth2-device-code",
    "urn:ietf:params:oauth:grant-type:jwt-bearer": "oauth2-resource-owner-jwt-bearer",
    "urn:ietf:params:oauth:grant-type:token-exchange": "oauth2-token-exchange",
}
# By which a rule knows that a page of its own has been shown: no issuer's call comes from there, whatever a client has
# sent as its grant.
RETURNED = "redirect-callback"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A login in an issuer's words, understood. `claims` are those that came with it, by token; `call` is whatever the
    answer is made from beside the execution."""

    user: JSON | None
    context: JSON
    capability: Capability
    call: Any = None

    @property
    def claims(self) -> Mapping[str, Claims]:
        return {token: self.context[token] for token in ("idToken", "accessToken")}


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why there is no token. `text` may be shown to the person; `error` is a word of OAuth's."""

    cause: Cause
    text: str
    error: str = "access_denied"


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """An answer in an issuer's words; without a `body` it has none."""

    status: int = 200
    body: JSON | None = None


class NotTold(Exception):
    """What was decided is more than the issuer would read of an answer; the text says how much. There is no token."""


class Issuer(msgspec.Struct, frozen=True, kw_only=True):
    """One row: how an issuer asks and is answered.

    `wait` is how many seconds it waits for all of the answer, `fails` what becomes of a token where our answer does not
    come, `secrets` the kinds of secret by which it can be known, `scheme` that of its signing keys. `capability` is
    what it can carry at best: a call can say less.

    `parse` takes the decoded body and the tenant's settings of this hook. It raises `msgspec.ValidationError` for what
    is not such a call. `allow`, which may raise `NotTold`, and `refuse` are the two answers; `sign` makes a signed one
    of the body of either, the call's, its secret and the time, where the issuer wants that. `vouches` compares a call
    with what the secret by which it was known says of it.
    """

    name: str
    title: str
    secrets: tuple[str, ...]
    wait: float
    fails: Fails
    denies: str
    capability: Capability
    parse: Callable[[JSON, HookSettings], Asked]
    allow: Callable[[Asked, Execution], Reply]
    refuse: Callable[[Refusal], Reply]
    sign: Callable[[JSON, JSON, Any, float], JSON] | None = None
    scheme: str | None = None
    vouches: Callable[[JSON, Any], bool] | None = None

    def within(self, settings: HookSettings) -> float:
        """How many seconds the whole answer may take, from the arrival of a call on. An issuer that fails open waits no
        longer than it is known to, whatever the settings say."""
        if settings.deadline_ms is None:
            return self.wait
        wait = settings.deadline_ms / MILLISECONDS
        return min(wait, self.wait) if self.fails == "open" else wait


def context_of(
    issuer: str,
    body: JSON,
    *,
    client: str | None,
    grant: str | None,
    id_token: Claims | None = None,
    access_token: Claims | None = None,
    query: Mapping[str, Any] | None = None,
    ip: str | None = None,
    user_agent: str | None = None,
    **more: Any,
) -> JSON:
    """A rule's `context`: what is known in the words of Auth0 Rules, and the whole call below `issuer`. What is not
    known is not there."""
    protocol = None if grant in (None, RETURNED) else PROTOCOLS.get(grant, grant)
    known = {"clientID": client, "protocol": protocol, **more}
    request = {
        "ip": ip,
        "userAgent": user_agent,
        "query": {name: value for name, value in (query or {}).items() if value},
    }
    return {
        **present(**known),
        "request": present(**request),
        "idToken": id_token or {},
        "accessToken": access_token or {},
        "issuer": {"name": issuer, "request": body},
    }


def present(**members: Any) -> JSON:
    """These members, but those that are None."""
    return {name: value for name, value in members.items() if value is not None}


class Changes(msgspec.Struct, frozen=True):
    """What became of one token's claims: those that are new or another, in their order, and the names that are gone."""

    set: Claims
    removed: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.set or self.removed)


_encode = msgspec.json.Encoder(order="sorted").encode


def changes(before: Claims, after: Claims | None) -> Changes:
    """The difference, as JSON has it: `true` is not 1."""
    after = after or {}
    return Changes(
        {name: value for name, value in after.items() if name not in before or _encode(before[name]) != _encode(value)},
        tuple(name for name in before if name not in after),
    )
