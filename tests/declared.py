"""Every answer in the tests is held against the document of the API: its status, its media type and its body."""

from __future__ import annotations

import copy
import functools
import json
import re
from typing import Any

import httpx2
import jsonschema_rs

from api.openapi import document
from api.routes import OPEN_ROUTES, ROUTES


@functools.cache
def declared() -> dict[str, Any]:
    """The document, as it is served."""
    made: dict[str, Any] = json.loads(json.dumps(document(ROUTES, OPEN_ROUTES)))
    return made


async def require_declared(response: httpx2.Response) -> None:
    """Fails for an answer that the document does not tell of; says nothing of addresses that it does not tell of."""
    request = response.request
    found = _operation(request.method, request.url.path)
    if found is None:
        return
    await response.aread()
    what = f"{request.method} {request.url.path}: {response.status_code} {response.text[:500]}"
    answers = found["responses"]
    answer = answers.get(str(response.status_code), answers.get(f"{response.status_code // 100}XX"))
    assert answer is not None, f"not declared: {what}"
    answer = _resolved(answer)
    content = answer.get("content", {})
    if not response.content:
        assert not content or response.status_code == 204, f"without a body: {what}"
        return
    media = response.headers["content-type"].partition(";")[0]
    assert media in content, f"not of this media type: {what}"
    if media == "application/json":
        problems = list(_validator(json.dumps(content[media]["schema"])).iter_errors(response.json()))
        assert not problems, f"{problems[0]}\nin {what}"
    if media == "application/x-ndjson":
        for line in response.text.splitlines():
            problems = list(_validator(json.dumps(content[media]["x-items"])).iter_errors(json.loads(line)))
            assert not problems, f"{problems[0]}\nin {line}"


def _operation(method: str, path: str) -> dict[str, Any] | None:
    """The one with this address: where there are two, that which names more of it."""
    for template in sorted(declared()["paths"], key=lambda one: (one.count("{"), one)):
        if re.fullmatch(re.sub(r"{\w+}", "[^/]+", template), path):
            found: dict[str, Any] | None = declared()["paths"][template].get(method.lower())
            return found
    return None


def _resolved(part: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in part:
        return part
    _, _, kind, name = part["$ref"].split("/")
    found: dict[str, Any] = declared()["components"][kind][name]
    return found


@functools.cache
def _validator(schema: str) -> jsonschema_rs.Validator:
    whole = {**json.loads(schema), "components": {"schemas": _closed()}}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)


@functools.cache
def _closed() -> dict[str, Any]:
    """The schemas as they are meant: with nothing that they do not name, which callers are not to rely on."""
    schemas: dict[str, Any] = copy.deepcopy(declared()["components"]["schemas"])
    for schema in schemas.values():
        if "properties" in schema:
            schema["additionalProperties"] = False
    return schemas
