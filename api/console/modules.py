"""What the rules of a tenant share: modules, each with its source and versions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.responses import Response

from api.console.asking import Refused, address
from api.console.visit import Visit

NEW = '"""What this module is for."""\n\n\ndef shout(text):\n    return text.upper()\n'


async def every(visit: Visit) -> Response:
    """All modules."""
    found = await visit.api.get("/v1/modules")
    return visit.page("modules.html", modules=found["modules"], revision=found["revision"])


async def new(visit: Visit) -> Response:
    """The form for another one."""
    return _editing(visit, name="", script=NEW, is_new=True)


async def one(visit: Visit) -> Response:
    """One module, or the source of an earlier version of it in the same form (`?version=`)."""
    name = visit.path("name")
    module = await _live(visit, name)
    versions = await _versions(visit, name)
    wanted = visit.query.get("version")
    if wanted is None:
        script = module["script"] if module else await _script(visit, name, versions[0]["version"])
    else:
        script = await _script(visit, name, wanted)
    return _editing(visit, name=name, script=script, module=module, versions=versions, restoring=wanted)


async def create(visit: Visit) -> Response:
    """Make a module live under a new name."""
    form = await visit.form()
    return await _put(visit, form.get("name", "").strip(), form, new=True)


async def save(visit: Visit) -> Response:
    """Make a module's new source live."""
    return await _put(visit, visit.path("name"), await visit.form(), new=False)


async def delete(visit: Visit) -> Response:
    """Take a module out."""
    await visit.form()
    name = visit.path("name")
    try:
        await visit.api.send("DELETE", address("v1", "modules", name))
    except Refused as refused:
        if refused.status not in (409, 422):
            raise
        module, versions = await _live(visit, name), await _versions(visit, name)
        script = module["script"] if module else ""
        return _editing(visit, name=name, script=script, module=module, versions=versions, refused=refused)
    return visit.go("/modules", f"`{name}` is taken out. Its versions stay readable.")


async def _put(visit: Visit, name: str, form: dict[str, str], *, new: bool) -> Response:
    # Browsers send the lines of a text with CRLF, whatever was typed.
    script = form.get("script", "").replace("\r\n", "\n")
    module = await _live(visit, name) if name else None
    if new and (not name or module is not None):
        said = f"There is a module `{name}` already: edit that one." if name else "A module needs a name."
        return _editing(visit, 422, name=name, script=script, said=said, is_new=True)
    body = {"script": script, "message": form.get("message", "")}
    try:
        saved = (await visit.api.send("PUT", address("v1", "modules", name), body)).json()
    except Refused as refused:
        if refused.status not in (400, 409, 422):
            raise
        versions = [] if new else await _versions(visit, name)
        return _editing(visit, name=name, script=script, module=module, versions=versions, refused=refused, is_new=new)
    said = f"Version {saved['version']} of `{name}` is live, with revision {saved['revision']}."
    return visit.go(address("modules", name), said)


def _editing(
    visit: Visit,
    status: int = 200,
    *,
    name: str,
    script: str,
    module: Any = None,
    versions: Sequence[Any] = (),
    restoring: str | None = None,
    said: str = "",
    refused: Refused | None = None,
    is_new: bool = False,
) -> Response:
    """The form with `script`. `module` is what is live, None where nothing is."""
    return visit.page(
        "module.html",
        refused.status if refused else status,
        name=name,
        script=script,
        module=module,
        versions=versions,
        restoring=restoring,
        said_wrong=refused.description if refused else said,
        problems=refused.problems if refused else [],
        is_new=is_new,
        deploys=visit.allows("rules:deploy"),
    )


async def _live(visit: Visit, name: str) -> Any:
    """The module as it is live; None where it is not."""
    try:
        return await visit.api.get(address("v1", "modules", name))
    except Refused as refused:
        if refused.status == 404:
            return None
        raise


async def _versions(visit: Visit, name: str) -> list[Any]:
    return list((await visit.api.get(address("v1", "modules", name, "versions")))["versions"])


async def _script(visit: Visit, name: str, version: object) -> str:
    return str((await visit.api.get(address("v1", "modules", name, "versions", version)))["script"])
