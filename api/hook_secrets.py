"""The secrets by which issuers' hooks show who calls, over HTTP. Nobody reads one back."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.responses import Response

from api.body import decode_json, json_response
from api.call import Call
from api.errors import ApiError
from api.issuers.kinds import KINDS, Secret
from api.issuers.table import ISSUERS
from engine.models import Moment
from engine.store.hook_secrets import SealedSecret

NATIVE = "native"  # whoever calls `POST /v1/execute` and signs it (`api.signed`)

# The kinds of secret that each issuer can show.
ACCEPTED: dict[str, tuple[str, ...]] = {
    NATIVE: ("standard_webhooks",),
    **{name: issuer.secrets for name, issuer in ISSUERS.items()},
}


class Typed(msgspec.Struct, frozen=True):
    type: str


class ShownSecret(msgspec.Struct, frozen=True, kw_only=True):
    """A secret without its value. One that is `weak` can be guessed. One that is not `readable` lets nobody pass: it
    was sealed with another secret of the service, or changed in the database. The `public_key` (PEM) is the half of a
    `jwe_payload` that its issuer is given."""

    id: str
    type: str
    set_at: Moment
    set_by: str
    weak: bool
    readable: bool
    public_key: str | None


class SetSecret(ShownSecret, frozen=True, kw_only=True):
    issuer: str


class ShownSecrets(msgspec.Struct, frozen=True, kw_only=True):
    """The oldest first. `accepts` are the types that this issuer can show."""

    issuer: str
    accepts: tuple[str, ...]
    secrets: list[ShownSecret]


async def every(call: Call) -> Response:
    """The secrets of an issuer that are set, without their values."""
    issuer = _issuer(call)
    secrets = call.service.hook_secrets
    stored = await secrets.stored(call.tenant, issuer)
    shown = [ShownSecret(**_members(one, secrets.opened(one))) for one in stored]
    return json_response(ShownSecrets(issuer=issuer, accepts=ACCEPTED[issuer], secrets=shown))


async def put(call: Call) -> Response:
    """Set a secret of an issuer. Calls that show it pass from now on, everywhere within a second."""
    issuer = _issuer(call)
    body = await call.body()
    kind = decode_json(body, Typed).type
    if kind not in ACCEPTED[issuer]:
        accepted = " or ".join(f"`{name}`" for name in ACCEPTED[issuer])
        raise ApiError("unprocessable", f"`{issuer}` cannot show a secret of the type `{kind[:40]}`, but {accepted}")
    secret = decode_json(body, KINDS[kind])
    text = msgspec.json.encode(secret)
    set_ = await call.service.hook_secrets.put(call.tenant, issuer, call.path("id"), kind, text, by=call.by)
    return json_response(SetSecret(issuer=issuer, **_members(set_, secret)))


async def delete(call: Call) -> Response:
    """Delete a secret. Nobody may call with it any more."""
    await call.service.hook_secrets.delete(call.tenant, _issuer(call), call.path("id"), by=call.by)
    return Response(status_code=204)


def _issuer(call: Call) -> str:
    issuer = call.path("issuer")
    if issuer not in ACCEPTED:
        raise ApiError("not_found", f"there is no issuer `{issuer[:40]}`; there are {', '.join(ACCEPTED)}")
    return issuer


def _members(one: SealedSecret, secret: Secret | None) -> dict[str, Any]:
    return {
        "id": one.id,
        "type": one.type,
        "set_at": one.set_at,
        "set_by": one.set_by,
        "weak": secret is not None and secret.weak,
        "readable": secret is not None,
        "public_key": None if secret is None else secret.public_key,
    }
