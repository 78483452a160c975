"""Modules over HTTP: what the rules of a tenant share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.responses import Response

from api.body import json_response
from api.call import Call
from api.errors import ApiError
from api.versions import shown_version, shown_versions
from engine.models import Expected, Message, ModuleName, PipelineModule
from engine.store.errors import NotFound


class ModuleScript(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    script: str
    expected: Expected = None
    message: Message = ""


class Module(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    script: str
    version: int
    sha256: str


class LiveModule(Module, frozen=True, kw_only=True):
    """`revision` is the live one."""

    revision: int


class LiveModules(msgspec.Struct, frozen=True, kw_only=True):
    revision: int
    modules: list[Module]


async def every(call: Call) -> Response:
    """All modules that rules can import, by name."""
    live = await call.service.store.live_revision(call.tenant)
    scripts = await call.service.store.scripts({module.sha256 for module in live.modules})
    shown = [Module(**_members(module, scripts)) for module in live.modules]
    return json_response(LiveModules(revision=live.number, modules=shown))


async def one(call: Call) -> Response:
    """One module, as it is live."""
    live = await call.service.store.live_revision(call.tenant)
    return json_response(await _shown(call, live.modules, live.number))


async def put(call: Call) -> Response:
    """Make a module live from its script. All rules that import it have to compile with it."""
    name = call.path("name")
    try:
        msgspec.convert(name, ModuleName)
    except msgspec.ValidationError:
        text = f"`{name[:80]}` is no name of a module: small letters, digits and `_`, at most 64, a letter first"
        raise ApiError("unprocessable", text) from None
    body = await call.json(ModuleScript)
    revision = await call.service.authoring.put_module(
        call.tenant, name, body.script, by=call.by, expected=body.expected, message=body.message
    )
    return json_response(await _shown(call, revision.modules, revision.number))


async def delete(call: Call) -> Response:
    """Take a module out that nothing imports. Its versions stay readable."""
    await call.service.authoring.delete_module(call.tenant, call.path("name"), by=call.by)
    return Response(status_code=204)


async def versions(call: Call) -> Response:
    """The versions of a module, the newest first."""
    found = await call.service.store.module_versions(call.tenant, call.path("name"))
    return json_response(shown_versions(found))


async def version(call: Call) -> Response:
    """One version with its script."""
    found = await call.service.store.module_version(call.tenant, call.path("name"), call.number("n"))
    return json_response(shown_version(found))


async def _shown(call: Call, modules: tuple[PipelineModule, ...], revision: int) -> LiveModule:
    found = next((module for module in modules if module.name == call.path("name")), None)
    if found is None:
        raise NotFound("module", call.path("name"))
    scripts = await call.service.store.scripts([found.sha256])
    return LiveModule(**_members(found, scripts), revision=revision)


def _members(module: PipelineModule, scripts: Mapping[str, str]) -> dict[str, Any]:
    script = scripts[module.sha256]
    return {"name": module.name, "script": script, "version": module.version, "sha256": module.sha256}
