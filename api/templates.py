"""Rules to start from, over HTTP."""

from __future__ import annotations

import asyncio

import msgspec
from starlette.responses import Response

from api.body import json_response
from api.call import Call
from api.errors import ApiError
from engine.cases import Case
from engine.models import OnFailure
from engine.templates import Template, templates

LONGEST_SHOWN = 40  # characters of what the caller has written


class ListedTemplate(msgspec.Struct, frozen=True, kw_only=True):
    """`configuration` are the values that it reads, and `on_failure` is what suits it."""

    name: str
    title: str
    description: str
    category: str
    configuration: list[str]
    on_failure: OnFailure
    has_cases: bool


class Templates(msgspec.Struct, frozen=True, kw_only=True):
    """Both in the order they are to be shown in."""

    categories: list[str]
    templates: list[ListedTemplate]


class TemplateScript(ListedTemplate, frozen=True, kw_only=True):
    script: str
    cases: list[Case]


async def every(call: Call) -> Response:
    """Rules to start from: what each is for, and what it needs."""
    found = (await asyncio.to_thread(templates)).values()
    categories = list(dict.fromkeys(one.category for one in found))
    return json_response({"categories": categories, "templates": [_listed(one) for one in found]})


async def one(call: Call) -> Response:
    """One with its script and its cases."""
    name = call.path("template")
    found = (await asyncio.to_thread(templates)).get(name)
    if found is None:
        raise ApiError("not_found", f"template `{name[:LONGEST_SHOWN]}` does not exist")
    return json_response({**_listed(found), "script": found.script, "cases": found.cases})


def _listed(one: Template) -> dict[str, object]:
    return {
        "name": one.name,
        "title": one.title,
        "description": one.description,
        "category": one.category,
        "configuration": one.configuration,
        "on_failure": one.on_failure,
        "has_cases": bytes(one.cases) != b"[]",
    }
