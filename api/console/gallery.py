"""Rules to start from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from api.console.asking import address
from api.console.visit import Visit


async def search(visit: Visit) -> Response:
    """All templates, or those that have every word of the search somewhere."""
    asked = visit.query.get("q", "")
    found = await visit.api.get("/v1/templates")
    templates = [one for one in found["templates"] if _has(one, asked.lower().split())]
    groups = [
        (category, mine)
        for category in found["categories"]
        if (mine := [one for one in templates if one["category"] == category])
    ]
    shown = "gallery_found.html" if visit.is_part else "gallery.html"
    return visit.page(shown, groups=groups, count=len(templates), of=len(found["templates"]), asked=asked)


async def one(visit: Visit) -> Response:
    """One template with its source and cases."""
    return visit.page("template.html", one=await visit.api.get(address("v1", "templates", visit.path("template"))))


def _has(template: Mapping[str, Any], words: list[str]) -> bool:
    text = f"{template['name']} {template['title']} {template['description']} {template['category']}".lower()
    return all(word in text for word in words)
