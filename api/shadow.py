"""Rules on trial beside the live ones, over HTTP."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from starlette.responses import Response

from api.body import json_response
from api.call import Call
from engine.impact import Impact, shown_impact
from engine.store.shadows import Shadow


class Trial(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A stored revision, or all that is saved and not live yet."""

    revision: Annotated[int, msgspec.Meta(ge=1)] | None = None


async def put(call: Call) -> Response:
    """Try these rules on the logins from now on, instead of what was tried before."""
    body = await call.json(Trial)
    store = call.service.store
    if body.revision is None:
        revision = await store.saved_revision(call.tenant, call.by)
    else:
        revision = await store.revision(call.tenant, body.revision)
    return json_response(_shown(await call.service.shadowing.begin(call.tenant, revision, call.by)))


async def one(call: Call) -> Response:
    """What is on trial, and what came of it so far."""
    return json_response(_shown(await call.service.store.shadow(call.tenant)))


async def delete(call: Call) -> Response:
    await call.service.store.end_shadow(call.tenant, call.by)
    return Response(status_code=204)


def _shown(shadow: Shadow) -> dict[str, Any]:
    return {
        "revision": shadow.revision.number or None,
        "rules": shadow.revision.rules,
        "settings": shadow.revision.settings,
        "started_at": shadow.started_at,
        "started_by": shadow.started_by,
        "reached": shadow.reached,
        "impact": shown_impact(msgspec.json.decode(shadow.impact, type=Impact)),
    }
