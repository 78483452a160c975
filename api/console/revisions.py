"""What was live when: every revision, what each has changed, and going back."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from api.console.asking import Refused, address
from api.console.differences import Changed, Difference, Line, difference, lines
from api.console.visit import Visit

MOST_SOURCES = 30  # of one page: each is asked for by itself

Sources = dict[str, list[Line]]  # lines of a changed script, by the id of its rule or the name of its module


async def every(visit: Visit) -> Response:
    """The newest first, each with what it has changed."""
    found = await visit.api.get("/v1/revisions", before=visit.query.get("before"))
    shown = found["revisions"]
    earlier = shown[1:]
    if shown and found["before"] is not None:
        earlier = [*earlier, *(await visit.api.get("/v1/revisions", before=found["before"]))["revisions"][:1]]
    changes = {after["revision"]: difference(before, after) for before, after in zip(earlier, shown, strict=False)}
    return visit.page(
        "revisions.html",
        revisions=shown,
        changes=changes,
        before=found["before"],
        live=await live_number(visit),
        shadow=await shadow(visit),
    )


async def one(visit: Visit) -> Response:
    """One revision: what is in it, and what it is not like."""
    return await _one(visit)


async def activate(visit: Visit) -> Response:
    """Go back to one, if that is live which the person has seen."""
    form = await visit.form()
    n, seen = visit.path("n"), form.get("expected", "")
    try:
        # 0 is never live: refused.
        body = {"expected": int(seen) if seen.isdecimal() else 0, "message": form.get("message", "")}
        made = (await visit.api.send("POST", address("v1", "revisions", n, "activate"), body)).json()
    except Refused as refused:
        if refused.status in (409, 422):
            return await _one(visit, refused)
        raise
    return visit.go("/revisions", f"Revision {made['revision']} is live: it restores revision {n}.")


async def live_number(visit: Visit) -> int:
    """The number of the live revision."""
    return int((await visit.api.get("/v1/revisions"))["revisions"][0]["revision"])


async def shadow(visit: Visit) -> Any:
    """The rules on trial; None where there are none, or this person may not know."""
    if not visit.allows("executions:read"):
        return None
    try:
        return await visit.api.get("/v1/shadow")
    except Refused as refused:
        if refused.status == 404:
            return None
        raise


async def sources(visit: Visit, change: Difference) -> Sources:
    """The lines of scripts that are others, of the first so many."""
    rules = [("rules", rule.after["id"], rule) for rule in change.changed if rule.script]
    modules = [("modules", module.after["name"], module) for module in change.modules_changed if module.script]
    return {key: await _lines(visit, kind, key, pair) for kind, key, pair in (rules + modules)[:MOST_SOURCES]}


async def _lines(visit: Visit, kind: str, key: str, pair: Changed) -> list[Line]:
    before, after = [
        (await visit.api.get(address("v1", kind, key, "versions", side["version"])))["script"]
        for side in (pair.before, pair.after)
    ]
    return lines(before, after)


async def _one(visit: Visit, refused: Refused | None = None) -> Response:
    revision = await visit.api.get(address("v1", "revisions", visit.path("n")))
    number = revision["revision"]
    newest = (await visit.api.get("/v1/revisions"))["revisions"][0]
    before = (await visit.api.get("/v1/revisions", before=number))["revisions"][:1]
    since = difference(before[0], revision) if before else None
    back = None if newest["revision"] == number else difference(newest, revision, going_back=True)
    return visit.page(
        "revision.html",
        refused.status if refused else 200,
        revision=revision,
        live=newest["revision"],
        before=before[0]["revision"] if before else None,
        since=since,
        since_sources={} if since is None else await sources(visit, since),
        back=back,
        back_sources={} if back is None else await sources(visit, back),
        refused=refused,
    )
