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
from engine.store.hook_secrets import SealedSecret

NATIVE = "native"  # whoever calls `POST /v1/execute` and signs it (`api.signed`)

# The kinds of secret that each issuer can show.
ACCEPTED: dict[str, tuple[str, ...]] = {
    NATIVE: ("standard_webhooks",),
    **{name: issuer.secrets for name, issuer in ISSUERS.items()},
}


class Typed(msgspec.Struct, frozen=True):
    type: str


async def every(call: Call) -> Response:
    """What is set, the oldest first, and what could be."""
    issuer = _issuer(call)
    secrets = call.service.hook_secrets
    shown = [_shown(one, secrets.opened(one)) for one in await secrets.stored(call.tenant, issuer)]
    return json_response({"issuer": issuer, "accepts": ACCEPTED[issuer], "secrets": shown})


async def put(call: Call) -> Response:
    """Set a secret: calls that show it pass from now on, everywhere within a second."""
    issuer = _issuer(call)
    body = await call.body()
    kind = decode_json(body, Typed).type
    if kind not in ACCEPTED[issuer]:
        accepted = " or ".join(f"`{name}`" for name in ACCEPTED[issuer])
        raise ApiError("unprocessable", f"`{issuer}` cannot show a secret of the type `{kind[:40]}`, but {accepted}")
    secret = decode_json(body, KINDS[kind])
    text = msgspec.json.encode(secret)
    set_ = await call.service.hook_secrets.put(call.tenant, issuer, call.path("id"), kind, text, by=call.by)
    return json_response({"issuer": issuer, **_shown(set_, secret)})


async def delete(call: Call) -> Response:
    await call.service.hook_secrets.delete(call.tenant, _issuer(call), call.path("id"), by=call.by)
    return Response(status_code=204)


def _issuer(call: Call) -> str:
    issuer = call.path("issuer")
    if issuer not in ACCEPTED:
        raise ApiError("not_found", f"there is no issuer `{issuer[:40]}`; there are {', '.join(ACCEPTED)}")
    return issuer


def _shown(one: SealedSecret, secret: Secret | None) -> dict[str, Any]:
    """Without its value. One that cannot be read, since it was sealed with another secret of the service or changed in
    the database, lets nobody pass."""
    return {
        "id": one.id,
        "type": one.type,
        "set_at": one.set_at,
        "set_by": one.set_by,
        "weak": secret is not None and secret.weak,
        "readable": secret is not None,
    }
