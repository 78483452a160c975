"""Rules on trial beside the live ones, over HTTP."""

from __future__ import annotations

from typing import Annotated

import msgspec
from starlette.responses import Response

from api import answers
from api.body import json_response
from api.call import Call
from engine.impact import Impact, shown_impact
from engine.models import Moment, PipelineRule, TenantSettings
from engine.store.shadows import Shadow


class OnTrial(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A stored revision, or all that is saved and not live yet."""

    revision: Annotated[int, msgspec.Meta(ge=1)] | None = None


class ShownShadow(msgspec.Struct, frozen=True, kw_only=True):
    """`revision` is the number of a stored one; null: all that was saved and not live then. `reached` is the last
    execution that it was tried on."""

    revision: int | None
    rules: tuple[PipelineRule, ...]
    settings: TenantSettings
    started_at: Moment
    started_by: str
    reached: str
    impact: answers.Impact


async def put(call: Call) -> Response:
    """Try rules on the logins from now on, instead of what was tried before."""
    body = await call.json(OnTrial)
    store = call.service.store
    if body.revision is None:
        revision = await store.saved_revision(call.tenant, call.by)
    else:
        revision = await store.revision(call.tenant, body.revision)
    return json_response(_shown(await call.service.shadowing.begin(call.tenant, revision, call.by)))


async def one(call: Call) -> Response:
    """The rules on trial, and what came of them so far."""
    return json_response(_shown(await call.service.store.shadow(call.tenant)))


async def delete(call: Call) -> Response:
    """End the trial."""
    await call.service.store.end_shadow(call.tenant, call.by)
    return Response(status_code=204)


def _shown(shadow: Shadow) -> ShownShadow:
    return ShownShadow(
        revision=shadow.revision.number or None,
        rules=shadow.revision.rules,
        settings=shadow.revision.settings,
        started_at=shadow.started_at,
        started_by=shadow.started_by,
        reached=shadow.reached,
        impact=answers.Impact(**shown_impact(msgspec.json.decode(shadow.impact, type=Impact))),
    )
