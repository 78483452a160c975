"""Revisions over HTTP: what was live when, by whom, and going back."""

from __future__ import annotations

from typing import Annotated

import msgspec
from starlette.responses import Response

from api.body import json_response
from api.call import Call
from engine.models import Expected, Message, Moment, PipelineModule, PipelineRule, Revision, TenantSettings

PAGE = 50

Number = Annotated[int, msgspec.Meta(ge=0, lt=1_000_000_000)]


class Activate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`expected` is the live number that the caller has seen: another one is a conflict."""

    expected: Expected = None
    message: Message = ""


class Earlier(msgspec.Struct, frozen=True):
    before: Annotated[Number | None, msgspec.Meta(description="the number of a revision: those before it")] = None


class ShownRevision(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that decides an execution. `restores` is the number of the revision that it has made live again,
    `message` what its maker says of it."""

    revision: int
    rules: tuple[PipelineRule, ...]
    modules: tuple[PipelineModule, ...]
    settings: TenantSettings
    created_at: Moment
    created_by: str
    restores: int | None
    message: str


class Revisions(msgspec.Struct, frozen=True, kw_only=True):
    """The newest first; `before` leads to the next page."""

    revisions: list[ShownRevision]
    before: int | None


async def every(call: Call) -> Response:
    """What was live when, by whom. The newest first, 50 to a page."""
    asked = call.query(Earlier)
    found = await call.service.store.revisions(call.tenant, asked.before, PAGE)
    more = found[-1].number if len(found) == PAGE and found[-1].number > 1 else None
    return json_response(Revisions(revisions=[_revision(revision) for revision in found], before=more))


async def one(call: Call) -> Response:
    """One revision."""
    return json_response(_revision(await call.service.store.revision(call.tenant, call.number("n"))))


async def activate(call: Call) -> Response:
    """Make what an earlier revision held live again. That is a new revision."""
    body = await call.json(Activate) if call.has_body else Activate()
    revision = await call.service.authoring.activate(
        call.tenant, call.number("n"), by=call.by, expected=body.expected, message=body.message
    )
    return json_response(_revision(revision))


def _revision(revision: Revision) -> ShownRevision:
    return ShownRevision(
        revision=revision.number,
        rules=revision.rules,
        modules=revision.modules,
        settings=revision.settings,
        created_at=revision.created_at,
        created_by=revision.created_by,
        restores=revision.restores,
        message=revision.message,
    )
