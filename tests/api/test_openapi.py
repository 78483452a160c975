"""The document of the API: complete, valid, as it is served, and with examples that work."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2
import jsonschema_rs
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from api.callers import SCOPES
from api.components import Components
from api.errors import ERRORS
from api.examples import EXAMPLES, ID, SCRIPT, SHA256
from api.issuers.table import ISSUERS
from api.openapi import TAGS
from api.routes import HOOK, OPEN_ROUTES, ROUTES, routes
from engine.models import TenantSettings
from tests.api import fresh
from tests.declared import declared, require_declared
from tests.service import Running, running

pytestmark = pytest.mark.anyio

DOCUMENT = declared()
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
}
CHANGES = 6  # beside the first one: the revision that the examples speak of is 7


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("openapi")) as service:
        service.service.stopping.set()  # an answer that would go on and on ends at once
        yield service


def test_it_is_valid() -> None:
    assert list(OpenAPIV31SpecValidator(DOCUMENT).iter_errors()) == []


def test_every_route_is_in_it_and_nothing_else() -> None:
    # The console is for people; it asks the API itself.
    api = [route for route in routes() if not route.path.startswith("/console")]
    served = {f"{method} {route.path}" for route in api for method in (route.methods or ()) if method != "HEAD"}
    hooks = {f"POST /v1/hooks/{issuer}/{{tenant}}" for issuer in ISSUERS}
    assert set(OPERATIONS) == served - {f"POST {HOOK}"} | hooks
    assert len(OPERATIONS) == len(ROUTES) + len(OPEN_ROUTES) + len(ISSUERS)


@pytest.mark.parametrize("row", ROUTES, ids=lambda row: f"{row.method} {row.path}")
def test_who_may(row: Any) -> None:
    operation = OPERATIONS[f"{row.method} {row.path}"]
    assert operation["x-scope"] == row.scope
    assert {"token": []} in operation["security"]
    assert row.scope is None or f"Scope: `{row.scope}`." in operation["description"]
    assert {"401", "403"} <= operation["responses"].keys()
    assert row.scope in {*SCOPES, None}


def test_every_operation_says_what_it_is() -> None:
    names = [operation["operationId"] for operation in OPERATIONS.values()]
    assert len({*names}) == len(names)
    assert all(re.fullmatch(r"[a-z0-9_]+", name) for name in names)
    for named, operation in OPERATIONS.items():
        assert 5 < len(operation["summary"]) < 90, named
        assert not operation["summary"].endswith("."), named
        (tag,) = operation["tags"]
        assert tag in TAGS
    assert {tag["name"] for tag in DOCUMENT["tags"]} == {one["tags"][0] for one in OPERATIONS.values()}


def parts(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in a value."""
    if isinstance(value, dict):
        yield value
        for one in value.values():
            yield from parts(one)
    if isinstance(value, list):
        for one in value:
            yield from parts(one)


def test_every_error_is_one_of_ours_and_each_is_told() -> None:
    told = set()
    for answer in DOCUMENT["components"]["responses"].values():
        codes = answer["content"]["application/json"]["schema"]["properties"]["error"]["enum"]
        assert len({ERRORS[code].status for code in codes}) == 1
        told |= {*codes}
        assert all(f"`{code}`: {ERRORS[code].description}" in answer["description"] for code in codes)
    assert told == ERRORS.keys() - {"method_not_allowed"}  # which is no method of the operation
    for operation in OPERATIONS.values():
        for status, answer in operation["responses"].items():
            if "$ref" in answer:
                code = answer["$ref"].rpartition("/")[2].partition("_or_")[0]
                assert ERRORS[code].status == int(status)


def test_schemas_are_for_every_reader() -> None:
    for part in parts(DOCUMENT["components"]["schemas"]):
        if isinstance(pattern := part.get("pattern"), str):
            assert not re.search(r"\\[AZz]", pattern)  # anchors that ECMA-262 does not have
        if isinstance(text := part.get("description"), str):
            assert "\n" not in text
            assert not re.search(r"`(engine|api|sandbox)\.", text)
    assert all(re.fullmatch(r"[A-Za-z]+", name) for name in DOCUMENT["components"]["schemas"])


def test_what_is_given_is_whole_and_what_is_sent_is_not() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    assert {*schemas["Notice"]["required"]} == {"code", "message", "claim", "rule", "line"}
    assert schemas["NewRule"]["required"] == ["name", "script"]
    assert schemas["NewRule"]["additionalProperties"] is False
    assert "scope" not in schemas["Answer"]["required"]


def test_a_merge_patch_may_lack_and_empty_everything() -> None:
    components = Components()
    reference = components.patch(TenantSettings)
    validator = jsonschema_rs.Draft202012Validator({**reference, "components": components.all()})
    hooks: tuple[Any, ...] = (
        {"hooks": {"okta": None}},
        {"hooks": {"okta": {}}},
        {"hooks": {"okta": {"version": None}}},
    )
    for good in ({}, {"recording": None}, {"recording": {"days": None}}, *hooks):
        assert validator.is_valid(good), good
    for bad in ({"other": 1}, {"recording": 1}, {"recording": {"days": 0}}, {"allowed_hosts": [None]}):
        assert not validator.is_valid(bad), bad


async def test_it_is_served_to_everybody(service: Running) -> None:
    first = await service.client.get("/openapi.json", headers={"X-Request-ID": "mine"})
    assert (first.status_code, first.headers["content-type"]) == (200, "application/json")
    assert first.json() == DOCUMENT
    assert first.headers["x-request-id"] == "mine"
    tag = first.headers["etag"]
    assert tag == f'"{hashlib.sha256(first.content).hexdigest()[:20]}"'
    for wanted in (tag, f"W/{tag}", f'"other", {tag}'):
        again = await service.client.get("/openapi.json", headers={"If-None-Match": wanted})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    for wanted in ('"other"', tag.strip('"')):
        again = await service.client.get("/openapi.json", headers={"If-None-Match": wanted})
        assert (again.status_code, again.content) == (200, first.content)
    assert (await service.client.head("/openapi.json")).headers["etag"] == tag


def replaced(value: Any, rule: str) -> Any:
    return json.loads(json.dumps(value).replace(ID, rule))


@pytest.mark.parametrize("named", [named for named, example in EXAMPLES.items() if example.body is not None])
async def test_examples_of_bodies_are_taken(service: Running, named: str) -> None:
    tenant = await fresh.tenant(service)
    rule = await service.add("one", "pass", tenant=tenant)
    execution = await service.execute(tenant=tenant)
    for number in range(CHANGES - 1):
        settings = {"scope_changes": number % 2 == 0}
        await service.call("PATCH", f"/v1/tenants/{tenant}/settings", settings)
    method, path = named.split(" ")
    id_ = execution["execution_id"] if "executions" in path else rule.id
    body, headers = replaced(EXAMPLES[named].body, rule.id), {}
    values = {"id": id_, "n": "1", "name": "geo", "key": "KEY", "issuer": "hydra", "tenant": tenant}
    if isinstance(body, str):  # JSON lines, of a tenant that they name
        body, headers, values["tenant"] = body.encode(), {"Content-Type": "application/x-ndjson"}, "acme"
    for name, value in values.items():
        path = path.replace(f"{{{name}}}", value)
    response = await service.call(method, path, body, tenant=tenant, headers=headers)
    assert response.status_code in (200, 201), response.text
    answer = EXAMPLES[named].answer
    if isinstance(answer, dict):
        assert response.json().keys() == answer.keys()
    if headers:
        assert response.json() == answer


@pytest.mark.parametrize("named", [named for named, one in EXAMPLES.items() if not isinstance(one.answer, str | None)])
async def test_examples_of_answers_are_as_declared(named: str) -> None:
    method, path = named.split(" ")
    content = json.dumps(EXAMPLES[named].answer).encode()
    status = int(next(iter(OPERATIONS[named]["responses"])))
    path = re.sub(r"{\w+}", "x", path)
    request = httpx2.Request(method, f"http://claimsmith{path}")
    headers = {"Content-Type": "application/json"}
    await require_declared(httpx2.Response(status, headers=headers, content=content, request=request))


def test_examples_are_of_operations_and_are_true() -> None:
    assert EXAMPLES.keys() <= OPERATIONS.keys()
    assert hashlib.sha256(SCRIPT.encode()).hexdigest() == SHA256
    bodies = {named for named, one in OPERATIONS.items() if "requestBody" in one and "/hooks/" not in named}
    assert bodies == {named for named, example in EXAMPLES.items() if example.body is not None}


GOOD = EXAMPLES["POST /v1/execute"].answer
ERROR = {"error": "not_found", "error_description": "x", "problems": []}


@pytest.mark.parametrize(
    ("status", "body", "media", "wrong"),
    [
        (200, GOOD, "application/json", ""),
        (404, ERROR, "application/json", ""),
        (200, {**GOOD, "more": 1}, "application/json", "more"),
        (200, {**GOOD, "decision": "maybe"}, "application/json", "decision"),
        (200, {name: value for name, value in GOOD.items() if name != "denial"}, "application/json", "denial"),
        (404, {**ERROR, "error": "conflict"}, "application/json", "conflict"),
        (409, {**ERROR, "error": "conflict"}, "application/json", "not declared"),
        (200, GOOD, "text/plain", "not of this media type"),
    ],
)
async def test_an_answer_that_is_not_declared_is_found(status: int, body: Any, media: str, wrong: str) -> None:
    request = httpx2.Request("POST", "http://claimsmith/v1/execute")
    headers = {"Content-Type": media}
    response = httpx2.Response(status, headers=headers, content=json.dumps(body).encode(), request=request)
    if not wrong:
        await require_declared(response)
        return
    with pytest.raises(AssertionError, match=wrong):
        await require_declared(response)
