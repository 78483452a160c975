"""Tenants, for administrators: made, gone to, ended; out of the service as a file and back."""

from __future__ import annotations

from dataclasses import replace

from starlette.responses import Response

from api.console import tenant_settings
from api.console.asking import Refused, address
from api.console.visit import Visit

MEDIA_TYPE = "application/x-ndjson"


async def every(visit: Visit) -> Response:
    """All of them."""
    return await _every(visit)


async def create(visit: Visit) -> Response:
    """Make one."""
    name = (await visit.form()).get("name", "").strip()
    if not name:
        return await _every(visit, said="A tenant needs a name.", status=422)
    try:
        answer = await visit.api.send("PUT", address("v1", "tenants", name))
    except Refused as refused:
        if refused.status not in (400, 409, 422):
            raise
        return await _every(visit, said=refused.description, name=name, status=refused.status)
    if answer.status == 200:
        return await _every(visit, said=f"There is a tenant `{name}` already.", name=name, status=409)
    return visit.go("/tenants", f"The tenant {name} is made. Its rules are its own: switch to it, and write the first.")


async def delete(visit: Visit) -> Response:
    """End one whose name was typed."""
    name, typed = visit.path("name"), (await visit.form()).get("typed", "")
    if typed != name:
        said = f"Type the tenant's name, {name}, to end it. Nothing was changed."
        return await tenant_settings.shown(visit, name, said=said, status=422)
    await visit.api.send("DELETE", address("v1", "tenants", name))
    # The screens of a tenant that is gone would say so.
    place = replace(visit, tenant=visit.who["tenant"]) if name == visit.tenant else visit
    return place.go("/tenants", f"The tenant {name} has ended, with its rules, history and records.")


async def export(visit: Visit) -> Response:
    """All of a tenant as a file; with a passphrase with its secrets, encrypted under it."""
    name, form = visit.path("name"), await visit.form()
    passphrase = form.get("passphrase", "")
    if passphrase != form.get("again", ""):
        said = "The two passphrases are not the same: nothing was exported."
        return await tenant_settings.shown(visit, name, said=said, status=422)
    path = address("v1", "tenants", name, "export")
    try:
        if passphrase:
            answer = await visit.api.send("POST", path, {"passphrase": passphrase})
        else:
            answer = await visit.api.send("GET", path)
    except Refused as refused:
        if refused.status not in (400, 422):
            raise
        return await tenant_settings.shown(visit, name, said=refused.description, status=refused.status)
    headers = {
        "Content-Disposition": f'attachment; filename="{name}.jsonl"',  # a tenant's name has no quotes
        "Cache-Control": "no-store",
    }
    return Response(answer.body, media_type=MEDIA_TYPE, headers=headers)


async def _every(visit: Visit, *, said: str = "", name: str = "", status: int = 200) -> Response:
    tenants = (await visit.api.get("/v1/tenants"))["tenants"]
    return visit.page("tenants.html", status, tenants=tenants, wrong=said, name=name)
