"""Rules on trial beside the live ones: what is tried, what came of it, and the end of it."""

from __future__ import annotations

from starlette.responses import Response

from api.console import revisions
from api.console.visit import Visit


async def one(visit: Visit) -> Response:
    """The rules on trial, if there are any."""
    return visit.page("shadow.html", shadow=await revisions.shadow(visit))


async def start(visit: Visit) -> Response:
    """Try a revision, or all that is saved and not live, on the logins from now on."""
    number = (await visit.form()).get("revision", "")
    body = {"revision": int(number)} if number.isdecimal() else {}
    await visit.api.send("PUT", "/v1/shadow", body)
    return visit.go("/shadow", "The trial has begun: logins from now on are tried under these rules, too.")


async def end(visit: Visit) -> Response:
    """End the trial."""
    await visit.form()
    await visit.api.send("DELETE", "/v1/shadow")
    return visit.go("/shadow", "The trial has ended.")
