"""`GET /v1/issuers`: the issuers whose hooks are spoken here, and when each has called a tenant's hook last; and when
somebody has made a native call last."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import msgspec
from starlette.responses import Response

from api.body import json_response
from api.call import Call
from api.hook_secrets import ACCEPTED, NATIVE
from api.issuers.issuer import Fails, Issuer
from api.issuers.secrets import REASONS
from api.issuers.table import ISSUERS
from engine.capability import Capability
from engine.last_calls import ENDED, Ended, Noted, Place
from engine.models import HookSettings, Moment
from engine.record import moment

NATIVE_PATH = "/v1/execute"
Calls = Mapping[Place, Noted]  # of one tenant

# Why a call was refused, and what to do. What the rules have decided is an answer, a denial too.
REFUSED: dict[str, str] = {
    **{str(reason): text for reason, text in REASONS.items()},
    "unreadable": "the call cannot be read, so nobody could be known by it",
    "expired": "the token of the call has expired: give the issuer another one in time, or have it sign its calls",
    "insufficient_scope": "the token of the call does not allow it: it needs the scope `execute`, for this tenant",
    "too_many_requests": "its caller asks more often than `CLAIMSMITH_CALLS_PER_SECOND` allows",
    "invalid": "the call is the issuer's, and cannot be understood; its answer or the service's log says where",
    "failed": "a rule has failed, or the service itself; the execution's record or the service's log says why",
    "keys": "the keys of who signs the call could not be fetched; compare `jwks_url`, and whether the service has a "
    "way to the host that its log names (`jwks fetch failed`)",
    "unavailable": "nothing could be decided in time; `/readyz` says what is degraded",
}


class HookCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call of a hook, or a native one. One that was `refused` has the `error`, and a `text` on what that is."""

    at: Moment
    ended: Ended
    error: str | None
    text: str | None


class Carried(Capability, frozen=True, kw_only=True, omit_defaults=False):
    __doc__ = Capability.__doc__  # with all its members


class ShownIssuer(msgspec.Struct, frozen=True, kw_only=True):
    """An issuer and the tenant's hook for it, at `path`. It can show secrets of the types `accepts`, of which `secrets`
    are set. It is known to wait for `wait` seconds. What holds is `within`: another where the tenant's settings say so
    by `deadline_ms`, but no more for an issuer that fails open. `fails` is what becomes of a token where no answer
    comes, `denies` how it is told that there is to be none, `can` what its protocol can carry. `last_answered` is when
    the rules have decided on a call last: strangers can be the `last_call`, but not that one."""

    name: str
    title: str
    path: str
    accepts: tuple[str, ...]
    secrets: int
    wait: float
    deadline_ms: int | None
    within: float
    fails: Fails
    denies: str
    can: Carried
    last_call: HookCall | None
    last_answered: Moment | None


class ShownNative(msgspec.Struct, frozen=True, kw_only=True):
    """Native calls, at `path`, of whoever makes them: with a token, or signed by one of the `secrets` that are set. Of
    a token that is not accepted nobody knows whose call it was: it is not the `last_call`, unless it has expired."""

    name: str
    path: str
    accepts: tuple[str, ...]
    secrets: int
    last_call: HookCall | None
    last_answered: Moment | None


class ShownIssuers(msgspec.Struct, frozen=True, kw_only=True):
    """Last calls are those that all processes and replicas of the `service` have seen, or, while there is no Redis by
    which they tell each other, those that this `process` has seen since its start."""

    seen_by: Literal["service", "process"]
    issuers: list[ShownIssuer]
    native: ShownNative


async def every(call: Call) -> Response:
    """The issuers whose hooks are spoken here. What each can carry, and how its last call of this hook ended."""
    service, tenant = call.service, call.tenant
    since = (await service.store.tenant(tenant)).created_at
    noted, by_all = await service.last_calls.of(tenant, (*ISSUERS, NATIVE))
    # Those of a tenant that had this name before are not its own.
    calls = {place: one for place, one in noted.items() if moment(one.at * 1000) >= since}
    hooks = (await service.live.revision(tenant)).settings.hooks
    secrets = {name: len(service.hook_secrets.live(tenant, name)) for name in ACCEPTED}
    shown = [
        _shown(issuer, tenant, secrets[issuer.name], hooks.get(issuer.name, HookSettings()), calls)
        for issuer in ISSUERS.values()
    ]
    native = ShownNative(
        name=NATIVE,
        path=NATIVE_PATH,
        accepts=ACCEPTED[NATIVE],
        secrets=secrets[NATIVE],
        last_call=_last_call(NATIVE, calls),
        last_answered=_last_answered(NATIVE, calls),
    )
    return json_response(ShownIssuers(seen_by="service" if by_all else "process", issuers=shown, native=native))


def _shown(issuer: Issuer, tenant: str, secrets: int, settings: HookSettings, calls: Calls) -> ShownIssuer:
    return ShownIssuer(
        name=issuer.name,
        title=issuer.title,
        path=f"/v1/hooks/{issuer.name}/{tenant}",
        accepts=issuer.secrets,
        secrets=secrets,
        wait=issuer.wait,
        deadline_ms=settings.deadline_ms,
        within=issuer.within(settings),
        fails=issuer.fails,
        denies=issuer.denies,
        can=Carried(**msgspec.structs.asdict(issuer.capability)),
        last_call=_last_call(issuer.name, calls),
        last_answered=_last_answered(issuer.name, calls),
    )


def _last_call(issuer: str, calls: Calls) -> HookCall | None:
    found = [(calls[issuer, one], one) for one in ENDED if (issuer, one) in calls]
    if not found:
        return None
    noted, ended = max(found, key=lambda entry: entry[0].at)
    text = None if noted.error is None else REFUSED.get(noted.error)
    return HookCall(at=moment(noted.at * 1000), ended=ended, error=noted.error, text=text)


def _last_answered(issuer: str, calls: Calls) -> datetime | None:
    answered = calls.get((issuer, "answered"))
    return None if answered is None else moment(answered.at * 1000)
