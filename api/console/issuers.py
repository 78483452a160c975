"""The issuers that can call: whether they do, what to paste there, and the secrets by which they are known."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import Response

from api.console.asking import address
from api.console.connecting import KINDS, STEPS, Step, fields
from api.console.session import origin_of
from api.console.visit import Visit
from api.errors import ApiError

NATIVE = {"title": "An issuer of your own", "fails": None}
PLACES = re.compile(r"\{(url|scheme|host|path|name|value|username|password)\}")
MOST_SECRETS = 20


async def every(visit: Visit) -> Response:
    """All of them, those that are connected first; whoever makes native calls, where somebody does or may."""
    said = await visit.api.get("/v1/issuers")
    native = said["native"] | NATIVE
    known = [*said["issuers"], *([native] if native["last_call"] or native["secrets"] else [])]
    issuers = sorted(known, key=lambda one: (one["last_call"] is None, not one["secrets"]))
    template = "issuers_part.html" if visit.is_part else "issuers.html"
    return visit.page(template, issuers=issuers, seen_by=said["seen_by"])


async def one(visit: Visit) -> Response:
    """One of them."""
    name, part = visit.path("name"), visit.query.get("part") if visit.is_part else None
    said = await visit.api.get("/v1/issuers")
    issuer = next((known for known in [*said["issuers"], said["native"] | NATIVE] if known["name"] == name), None)
    if issuer is None:
        raise ApiError("not_found", "there is no such issuer")
    if part == "light":
        return visit.page("issuer_light.html", issuer=issuer, seen_by=said["seen_by"])
    secrets = None
    if visit.allows("admin"):
        secrets = (await visit.api.get(address("v1", "issuers", name, "secrets")))["secrets"]
    if part == "secrets":
        return visit.page("issuer_secrets.html", issuer=issuer, secrets=secrets)
    origin = origin_of(visit.request)
    return visit.page(
        "issuer.html",
        issuer=issuer,
        seen_by=said["seen_by"],
        secrets=secrets,
        steps=[(step, list(_pieces(step, origin + issuer["path"]))) for step in STEPS[name]],
        url=origin + issuer["path"],
        by_tls=origin.startswith("https:"),
        kinds=[(kind, KINDS[kind], fields(name, kind)) for kind in issuer["accepts"]],
        id=_free_id([one["id"] for one in secrets or ()]),
    )


async def delete(visit: Visit) -> Response:
    """A secret, by its form."""
    await visit.form()
    name, secret = visit.path("name"), visit.path("id")
    await visit.api.send("DELETE", address("v1", "issuers", name, "secrets", secret))
    return visit.go(
        address("issuers", name), f"The secret {secret} is deleted: calls that are made with it are refused."
    )


def _pieces(step: Step, url: str) -> Iterator[tuple[str, str]]:
    """What is to be pasted, as texts and names of fields of the form, in turn."""
    parts = urlsplit(url)
    known = {"url": url, "scheme": parts.scheme, "host": parts.netloc, "path": parts.path}
    texts = PLACES.split(step.paste)
    for text, place in zip(texts[::2], [*texts[1::2], ""], strict=True):
        yield text + known.get(place, ""), "" if place in known else place


def _free_id(taken: list[Any]) -> str:
    """A name for the next secret: the day."""
    day = datetime.now(UTC).strftime("%Y-%m-%d")
    names = [day, *(f"{day}-{number}" for number in range(2, MOST_SECRETS + 2))]
    return next((name for name in names if name not in taken), "")
