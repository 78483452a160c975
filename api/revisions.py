"""Revisions over HTTP: what was live when, by whom, and going back."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from starlette.responses import Response

from api.body import json_response
from api.call import Call
from api.errors import ApiError
from engine.models import Revision

PAGE = 50


class Activation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`expected` is the live number that the caller has seen: another one is a conflict."""

    expected: Annotated[int, msgspec.Meta(ge=1)] | None = None


async def every(call: Call) -> Response:
    """Newest first, in pages: `before` is the number that the next page starts below."""
    text = call.request.query_params.get("before")
    if text is not None and not (text.isascii() and text.isdigit() and len(text) < 10):
        raise ApiError("invalid_request", f"`before`: `{text[:40]}` is not a revision's number")
    found = await call.service.store.revisions(call.tenant, int(text) if text else None, PAGE)
    more = found[-1].number if len(found) == PAGE and found[-1].number > 1 else None
    return json_response({"revisions": [_revision(revision) for revision in found], "before": more})


async def one(call: Call) -> Response:
    return json_response(_revision(await call.service.store.revision(call.tenant, call.number("n"))))


async def activate(call: Call) -> Response:
    """Make what an earlier revision held live again, as a new revision."""
    body = await call.json(Activation) if call.has_body else Activation()
    revision = await call.service.authoring.activate(call.tenant, call.number("n"), by=call.by, expected=body.expected)
    return json_response(_revision(revision))


def _revision(revision: Revision) -> dict[str, Any]:
    return {
        "revision": revision.number,
        "rules": revision.rules,
        "modules": revision.modules,
        "settings": revision.settings,
        "created_at": revision.created_at,
        "created_by": revision.created_by,
        "restores": revision.restores,
    }
