"""LemonLDAP::NG: the user database of its portal, asked by REST (lemonldap-ng 2.16.1: Portal/UserDB/REST.pm,
Portal/Lib/REST.pm).

It is asked for somebody's attributes at a login, before the password is looked at, and at the refresh of an offline
session. What is answered goes over the session's own members, by which the portal knows who somebody is and how well
that was shown; its tokens have what a client's exported attributes name of it. `result` false is somebody who is not
there, and ends an offline session, too; any status but 2xx is an error for now.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from api.issuers.issuer import JSON, Asked, Issuer, Refusal, Reply, context_of
from engine.capability import TOKENS, Capability, Kind
from engine.execution import Execution
from engine.models import HookSettings

VALUES: tuple[Kind, ...] = ("string", "integer", "number", "boolean", "strings", "array", "object")
# Members of the session that the portal sets itself before it takes over the answer (Portal/Main/Process.pm): `_user`
# makes `sub`, `authenticationLevel` makes `acr`. By `real_*` and `switching_*` it remembers whose session it was before
# somebody took another's place (Portal/Plugins/Impersonation.pm, ContextSwitching.pm). A member without a name is none.
RESERVED = ("_*", "authenticationLevel", "ipAddr", "hGroups", "real_*", "switching_*", "")
CAPABILITY = Capability(
    issuer="lemonldap",
    values=VALUES,
    # `groups` is one text there, to which the portal appends.
    kinds={"groups": ("string",)},
    reserved=dict.fromkeys(TOKENS, RESERVED),
    overwrite=False,  # nothing comes with a call
    remove=False,
    one_bag=True,
)
STATUS = {"failed": 500, "unavailable": 503, "invalid": 400, "unauthenticated": 401}
ERROR = {"failed": "server_error", "unavailable": "temporarily_unavailable", "invalid": "invalid_request"}
ERROR |= {"unauthenticated": "unauthorized"}


class Lookup(msgspec.Struct, frozen=True, kw_only=True):
    """`useMail` is true where somebody is looked for by address: to reset a password, or to register. That is no login,
    and nobody is found by it."""

    user: Annotated[str, msgspec.Meta(min_length=1)]
    use_mail: Literal[False] = msgspec.field(default=False, name="useMail")


def parse(body: JSON, settings: HookSettings) -> Asked:
    if body.get("useMail"):
        raise msgspec.ValidationError("`useMail`: somebody is looked for by an address, which is no login")
    lookup = msgspec.convert(body, Lookup)
    return Asked(
        user={"user_id": lookup.user, "username": lookup.user},
        context=context_of("lemonldap", body, client=None, grant=None),
        capability=CAPABILITY,
    )


def allow(asked: Asked, execution: Execution) -> Reply:
    return Reply(body={"info": (execution.idToken or {}) | (execution.accessToken or {}), "result": True})


def refuse(refusal: Refusal) -> Reply:
    """The texts are for whoever looks at the wire: the portal reads none of them."""
    if refusal.cause == "denied":
        return Reply(body={"result": False, "error_description": refusal.text})
    error = ERROR[refusal.cause]
    return Reply(status=STATUS[refusal.cause], body={"error": error, "error_description": refusal.text})


ISSUER = Issuer(
    name="lemonldap",
    title="LemonLDAP::NG",
    secrets=("basic",),
    wait=180.0,
    fails="closed",
    denies="200 `result` false",
    capability=CAPABILITY,
    parse=parse,
    allow=allow,
    refuse=refuse,
)
