"""Tenants over HTTP, for administrators."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import inspect
from starlette.responses import Response

from api.body import decode_json, json_response
from api.call import Call
from api.errors import ApiError
from api.issuers.table import ISSUERS
from api.row import MergePatch
from api.settings import TENANT_NAME
from engine.engine import WITHOUT_SECRETS
from engine.models import Tenant, TenantSettings
from engine.redaction import names_something
from engine.store.errors import NotFound

CHANGES = MergePatch(TenantSettings)
SETTINGS = inspect.type_info(TenantSettings)


class Tenants(msgspec.Struct, frozen=True):
    tenants: list[Tenant]


async def every(call: Call) -> Response:
    """All tenants."""
    return json_response(Tenants(await call.service.store.tenants()))


async def one(call: Call) -> Response:
    """One tenant."""
    return json_response(await call.service.store.tenant(call.path("tenant")))


async def put(call: Call) -> Response:
    """Make a tenant, if there is none of this name."""
    name = call.path("tenant")
    if not TENANT_NAME.fullmatch(name):
        raise ApiError("invalid_request", f"`{name[:80]}` is not a tenant name: it matches `{TENANT_NAME.pattern}`")
    try:
        return json_response(await call.service.store.tenant(name))
    except NotFound:
        return json_response(await call.service.authoring.create_tenant(name, by=call.by), 201)


async def delete(call: Call) -> Response:
    """End a tenant with its rules, versions, revisions and records, and what its rules keep."""
    tenant = call.path("tenant")
    await call.service.store.tenant(tenant)
    await call.service.authoring.delete_tenant(tenant, by=call.by)
    for whose in (tenant, tenant + WITHOUT_SECRETS):  # its live rules', and its drafts'
        await call.service.outside.forget(whose)
    return Response(status_code=204)


async def settings(call: Call) -> Response:
    """The settings of a tenant."""
    return json_response((await call.service.store.live_revision(call.path("tenant"))).settings)


async def change_settings(call: Call) -> Response:
    """Change settings of a tenant. That is a new revision. What is not given stays, and `null` is the default (RFC
    7396)."""
    patch = await call.json(dict[str, Any])
    _require_known(patch, SETTINGS, "$")
    tenant = call.path("tenant")
    present = (await call.service.store.live_revision(tenant)).settings
    wanted = decode_json(msgspec.json.encode(_merged(msgspec.to_builtins(present), patch)), TenantSettings)
    require_meaning(wanted)
    revision = await call.service.authoring.change_settings(tenant, wanted, by=call.by)
    return json_response(revision.settings)


def require_meaning(settings: TenantSettings) -> None:
    """Raises 400 for settings that would do nothing, since what they name is not there."""
    if unknown := settings.hooks.keys() - ISSUERS.keys():
        text = f"`hooks`: `{min(unknown)}` is none of the issuers: {', '.join(ISSUERS)}"
        raise ApiError("invalid_request", text)
    recording = settings.recording
    for list_, patterns in (("redact", recording.redact or ()), ("drop", recording.drop)):
        for pattern in patterns:
            if not names_something(pattern):
                text = f"`recording.{list_}`: `{pattern[:80]}` would never hide anything: "
                text += "a pattern begins with `/user`, `/context`, `/*` or `/**`"
                raise ApiError("invalid_request", text)


def _require_known(patch: Any, kind: inspect.Type, path: str) -> None:
    """Raises 400 for a name that is none of a setting, also where its value is null, and would be taken out."""
    if isinstance(patch, dict) and isinstance(kind, inspect.StructType):
        known = {field.name: field.type for field in kind.fields}
        for name, change in patch.items():
            if name not in known:
                message = f"object contains unknown field `{name[:80]}`"
                problems = [{"path": path, "message": message}]
                raise ApiError("invalid_request", f"`{path}`: {message}", problems=problems)
            _require_known(change, known[name], f"{path}.{name}")
    elif isinstance(patch, dict) and isinstance(kind, inspect.DictType):
        for change in patch.values():
            _require_known(change, kind.value_type, f"{path}[...]")


def _merged(value: Any, patch: Any) -> Any:
    """A JSON merge patch applied (RFC 7396, section 2)."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(value) if isinstance(value, dict) else {}
    for name, change in patch.items():
        if change is None:
            merged.pop(name, None)
        else:
            merged[name] = _merged(merged.get(name), change)
    return merged
