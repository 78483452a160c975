"""The audit log: who changed what, and how it was before and after."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from api.console.asking import Refused
from api.console.differences import of_json
from api.console.visit import Visit

FILTERS = ("act", "by", "what", "since", "until", "tenants")
# What can be chosen: all acts of a kind, or one.
ACTS = {
    "tenant": ("create", "end", "export", "import"),
    "settings": ("change",),
    "rule": ("create", "change", "deploy", "delete", "order", "cases"),
    "module": ("put", "delete"),
    "revision": ("activate",),
    "shadow": ("start", "end"),
    "configuration": ("set", "delete"),
    "hook_secret": ("set", "delete"),
    "records": ("erase",),
    "secret": ("rotate",),
}
SHORT = 16  # lines of a change that are shown without being asked for


async def every(visit: Visit) -> Response:
    """The newest first, those that the filters let through."""
    chosen = {name: visit.query.get(name, "").strip() for name in FILTERS}
    asked = {name: text for name, text in chosen.items() if text}
    wrong = ""
    found: Any = {"entries": [], "cursor": None}
    try:
        found = await visit.api.get("/v1/audit", **asked, cursor=visit.query.get("cursor"))
    except Refused as refused:
        if refused.status != 400:
            raise
        wrong = refused.description
    return visit.page(
        "audit.html",
        400 if wrong else 200,
        entries=[(entry, of_json(entry["before"], entry["after"])) for entry in found["entries"]],
        chosen=chosen,
        acts=ACTS,
        wrong=wrong,
        short=SHORT,
        more=urlencode({**asked, "cursor": found["cursor"]}) if found["cursor"] else "",
    )
