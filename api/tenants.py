"""Tenants over HTTP, for administrators."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType
from starlette.responses import Response

from api.body import json_response
from api.call import Call
from api.errors import ApiError
from api.settings import TENANT_NAME
from engine.models import TenantSettings
from engine.store.errors import NotFound


class ChangedSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    strict_claims: bool | UnsetType = UNSET
    scope_changes: bool | UnsetType = UNSET


async def every(call: Call) -> Response:
    return json_response({"tenants": await call.service.store.tenants()})


async def one(call: Call) -> Response:
    return json_response(await call.service.store.tenant(call.path("tenant")))


async def put(call: Call) -> Response:
    """A tenant of this name, made if there is none. Answers the same when it exists."""
    name = call.path("tenant")
    if not TENANT_NAME.fullmatch(name):
        raise ApiError("invalid_request", f"`{name[:80]}` is not a tenant name: it matches `{TENANT_NAME.pattern}`")
    try:
        return json_response(await call.service.store.tenant(name))
    except NotFound:
        return json_response(await call.service.authoring.create_tenant(name, by=call.by), 201)


async def delete(call: Call) -> Response:
    """End a tenant with its rules, versions, revisions and records."""
    await call.service.store.tenant(call.path("tenant"))
    await call.service.authoring.delete_tenant(call.path("tenant"))
    return Response(status_code=204)


async def settings(call: Call) -> Response:
    return json_response((await call.service.store.live_revision(call.path("tenant"))).settings)


async def change_settings(call: Call) -> Response:
    """Settings decide executions, so a change of them is a new revision."""
    body = await call.json(ChangedSettings)
    tenant = call.path("tenant")
    present = (await call.service.store.live_revision(tenant)).settings
    given = {name: value for name, value in msgspec.structs.asdict(body).items() if value is not UNSET}
    wanted = TenantSettings(**(msgspec.structs.asdict(present) | given))
    revision = await call.service.authoring.change_settings(tenant, wanted, by=call.by)
    return json_response(revision.settings)
