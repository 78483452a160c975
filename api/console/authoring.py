"""The screens on which rules are written and tried."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from api.console.asking import Refused, address
from api.console.visit import Visit

START = """\
\"\"\"What this rule is for

When it runs, and why.
\"\"\"


def rule(user, context):
    context.idToken["https://example.com/claim"] = user.get("email")
"""


async def new(visit: Visit) -> Response:
    """A rule that is not saved yet, from the template `?template=` or from the least that does something."""
    rule: dict[str, Any] = {"name": "", "script": START, "on_failure": "deny", "cases": []}
    asked = visit.query.get("template")
    said = ""
    if asked is not None:
        try:
            rule |= await visit.api.get(address("v1", "templates", asked))
        except Refused as refused:
            if refused.status == 401:
                raise
            said = f"The template {asked} cannot be read: {refused.description}. This is an empty rule instead."
    return visit.page("rule_editor.html", rule=rule, etag="", template=asked or "", missing=said)


async def one(visit: Visit) -> Response:
    """A rule as it is saved, to be changed by those who may."""
    answer = await visit.api.send("GET", address("v1", "rules", visit.path("id")))
    return visit.page("rule_editor.html", rule=answer.json(), etag=answer.headers["etag"], template="", missing="")


async def try_(visit: Visit) -> Response:
    """One login and what the rules make of it, recorded nowhere."""
    return visit.page("try.html")
