"""Modules over HTTP: what the rules of a tenant share."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.responses import Response

from api.body import json_response
from api.call import Call
from api.errors import ApiError
from engine.models import ModuleName, ModuleVersion, PipelineModule
from engine.store.errors import NotFound


class Script(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    script: str


async def every(call: Call) -> Response:
    """All that rules can import, by name."""
    live = await call.service.store.live_revision(call.tenant)
    scripts = await call.service.store.scripts({module.sha256 for module in live.modules})
    shown = [_module(module, scripts[module.sha256]) for module in live.modules]
    return json_response({"revision": live.number, "modules": shown})


async def one(call: Call) -> Response:
    live = await call.service.store.live_revision(call.tenant)
    return json_response(await _shown(call, live.modules, live.number))


async def put(call: Call) -> Response:
    """A new version, live with the answer for all rules that import it; those have to compile with it."""
    name = call.path("name")
    try:
        msgspec.convert(name, ModuleName)
    except msgspec.ValidationError:
        text = f"`{name[:80]}` is no name of a module: small letters, digits and `_`, at most 64, a letter first"
        raise ApiError("unprocessable", text) from None
    body = await call.json(Script)
    revision = await call.service.authoring.put_module(call.tenant, name, body.script, by=call.by)
    return json_response(await _shown(call, revision.modules, revision.number))


async def delete(call: Call) -> Response:
    """Take a module out that nothing imports. Its versions stay readable."""
    await call.service.authoring.delete_module(call.tenant, call.path("name"), by=call.by)
    return Response(status_code=204)


async def versions(call: Call) -> Response:
    found = await call.service.store.module_versions(call.tenant, call.path("name"))
    return json_response({"versions": [_version(version) for version in found]})


async def version(call: Call) -> Response:
    found = await call.service.store.module_version(call.tenant, call.path("name"), call.number("n"))
    return json_response({**_version(found), "script": found.script})


async def _shown(call: Call, modules: tuple[PipelineModule, ...], revision: int) -> dict[str, Any]:
    found = next((module for module in modules if module.name == call.path("name")), None)
    if found is None:
        raise NotFound("module", call.path("name"))
    scripts = await call.service.store.scripts([found.sha256])
    return {**_module(found, scripts[found.sha256]), "revision": revision}


def _module(module: PipelineModule, script: str) -> dict[str, Any]:
    return {"name": module.name, "script": script, "version": module.version, "sha256": module.sha256}


def _version(version: ModuleVersion) -> dict[str, Any]:
    return {
        "version": version.number,
        "sha256": version.sha256,
        "created_at": version.created_at,
        "created_by": version.created_by,
    }
