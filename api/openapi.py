"""The document of the API (OpenAPI 3.1), made of the table of endpoints and the types that they decode and encode."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from http.client import responses
from types import NoneType
from typing import Annotated, Any, Literal, get_args

import msgspec
from msgspec import Meta

from api.components import JSON, Components, without_null
from api.errors import ERRORS, Error
from api.examples import EXAMPLES, Example
from api.hook_secrets import ACCEPTED
from api.issuers.issuer import Cause, Issuer, Refusal
from api.issuers.table import ISSUERS
from api.origin import REQUEST_ID
from api.row import Media, MergePatch, OpenRow, Row
from api.settings import TENANT_NAME
from engine.models import CONFIGURATION_KEY, ModuleName, RuleName

ABOUT = """Rules for tokens at every login. Bodies are JSON, and errors have one shape, `Error`. The header
`X-Request-ID` comes back; by `Claimsmith-Tenant` an administrator acts on another tenant than the token's. What each
call does is said at length in `docs/api.md`."""

TAGS = {
    "execute": "The call that an issuer makes at every login.",
    "hooks": "Issuers that call by their own hooks, in their own words.",
    "rules": "Rules: saved, checked, ordered, live.",
    "modules": "What rules share.",
    "revisions": "What was live when, and going back.",
    "try": "Executions that are recorded nowhere.",
    "cases": "What a rule has to make of a login, run against a draft.",
    "templates": "Rules to start from.",
    "executions": "Records of logins: found, explained, run again.",
    "traffic": "What the newest records say together.",
    "impact": "What other rules would have done to recorded logins.",
    "shadow": "Rules on trial beside the live ones.",
    "configuration": "Values that rules read. Nobody reads one back.",
    "issuers": "Issuers' hooks and their last calls; secrets by which they show who calls. Nobody reads one back.",
    "caller": "Who you are here.",
    "audit": "Who changed what, when.",
    "tenants": "Whose rules these are, and their settings.",
    "operations": "Alive, ready, and how it goes.",
}

TenantName = Annotated[str, Meta(pattern=rf"\A{TENANT_NAME.pattern}\Z", description="the tenant")]
IN_PATH: JSON = {
    "id": Annotated[str, Meta(min_length=1, description="its id")],
    "n": Annotated[int, Meta(ge=1, lt=1_000_000_000, description="its number")],
    "name": Annotated[ModuleName, Meta(description="the module's name")],
    "template": Annotated[RuleName, Meta(description="the template's name")],
    "key": Annotated[str, Meta(pattern=CONFIGURATION_KEY, description="the value's name")],
    "issuer": Annotated[Literal[tuple(ACCEPTED)], Meta(description="the issuer, or `native` for signed calls")],
    "tenant": TenantName,
}

# Headers of calls, and of answers.
ASKED: JSON = {
    "X-Request-ID": Annotated[str, Meta(description=f"comes back, if it matches `{REQUEST_ID.pattern}`")],
    "Claimsmith-Tenant": Annotated[TenantName, Meta(description="another tenant than the token's: for `admin` only")],
    "If-Match": Annotated[str, Meta(description="the `ETag` that was read: where it is another by now, 412")],
    "If-None-Match": Annotated[str, Meta(description="the `ETag` that was read: where it still is that, 304")],
}
TOLD = {
    "X-Request-ID": "as it was sent",
    "ETag": "names this state of it",
    "Location": "its address",
    "Retry-After": "seconds to wait",
    "WWW-Authenticate": "what is missing (RFC 6750 section 3)",
}
OF_ALL = ("X-Request-ID",)
OF_STATUS = {401: ("WWW-Authenticate",), 403: ("WWW-Authenticate",), 503: ("Retry-After",)}

# What calls of a kind may end with.
EVERY = ("server_error",)
OF_TOKENS = ("unauthorized", "invalid_token", "insufficient_scope", "too_many_requests", "temporarily_unavailable")
OF_TENANTS = ("invalid_request", "not_found")  # the header `Claimsmith-Tenant`, and what a tenant has
OF_BODIES = ("invalid_request", "payload_too_large", "unsupported_media_type")

NONE = Example()

SECURITY = {
    "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "with a scope for each call"},
    "signature": {
        "type": "apiKey",
        "in": "header",
        "name": "webhook-signature",
        "description": "Standard Webhooks 1.0.0, with `webhook-id` and `webhook-timestamp`",
    },
}


def document(rows: Sequence[Row], open_rows: Sequence[OpenRow]) -> JSON:
    """The whole document."""
    components = Components()
    paths: JSON = {}
    for row in rows:
        made = paths.setdefault(row.path, {})[row.method.lower()] = _operation(components, row)
        _show(made, EXAMPLES.get(f"{row.method} {row.path}", NONE))
    for issuer in ISSUERS.values():
        paths[f"/v1/hooks/{issuer.name}/{{tenant}}"] = {"post": _hook(components, issuer)}
    for open_row in open_rows:
        made = _open(components, open_row)
        _show(made, EXAMPLES.get(f"GET {open_row.path}", NONE))
        paths[open_row.path] = {"get": made}
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "Claimsmith",
            "version": importlib.metadata.version("claimsmith"),
            "description": " ".join(ABOUT.split()),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        "paths": paths,
        "components": {**components.all(), "securitySchemes": SECURITY},
    }


def _operation(components: Components, row: Row) -> JSON:
    codes = {*EVERY, *OF_TOKENS, *OF_TENANTS, *row.raises}
    headers = (*OF_ALL, "Claimsmith-Tenant", *(("If-Match",) if "precondition_failed" in row.raises else ()))
    parameters = [*_in_path(components, row.path), *_in_query(components, row.query), *_in_header(components, headers)]
    made = {**_said(row.endpoint, row.path), "x-scope": row.scope, "parameters": parameters}
    scope = f"Scope: `{row.scope}`." if row.scope else "Any token will do."
    made["description"] = f"{made['description']} {scope}".lstrip()
    if row.takes is not None:
        codes.update(OF_BODIES)
        made["requestBody"] = _body(components, row.takes)
    statuses = row.statuses if row.gives is not None else (204,)
    answers = {str(status): _answer(components, status, row.gives, row.headers) for status in statuses}
    made["responses"] = answers | _errors(components, codes)
    made["security"] = [{"token": []}, {"signature": []}] if row.signed else [{"token": []}]
    return made


def _open(components: Components, row: OpenRow) -> JSON:
    answers = {"200": _answer(components, 200, row.gives, row.headers)}
    headers: tuple[str, ...] = OF_ALL
    if "ETag" in row.headers:
        headers = (*OF_ALL, "If-None-Match")
        answers["304"] = _answer(components, 304, None, row.headers)
    return {
        **_said(row.endpoint, row.path),
        "parameters": _in_header(components, headers),
        "responses": answers | _errors(components, {*EVERY, *row.raises}),
        "security": [{}, {"token": []}] if "invalid_token" in row.raises else [],
    }


def _hook(components: Components, issuer: Issuer) -> JSON:
    statuses = {issuer.refuse(Refusal(cause=cause, text="")).status for cause in get_args(Cause)}
    answers = {"2XX": "its own answer", **{str(status): "its own refusal" for status in statuses if status >= 400}}
    unsigned = "no answer, since none can be signed for a caller that is not known"
    silent = {} if issuer.sign is None else {"503": {"description": unsigned, "headers": _headers(components, OF_ALL)}}
    body = {"application/json": {"schema": {"type": "object"}}}
    kinds = " or ".join(f"`{kind}`" for kind in issuer.secrets)
    return {
        "operationId": f"hook_{issuer.name}",
        "tags": ["hooks"],
        "summary": f"The hook of {issuer.title}",
        "description": f"Request and answer are the issuer's own (`docs/issuers/{issuer.name}.md`). It is known by a "
        f"secret of the type {kinds}.",
        "parameters": [*_in_path(components, "{tenant}"), *_in_header(components, OF_ALL)],
        "requestBody": {"required": True, "content": body},
        "responses": {
            **{
                status: {"description": text, "headers": _headers(components, OF_ALL), "content": body}
                for status, text in sorted(answers.items())
            },
            **silent,
            **_errors(components, ("not_found",)),
        },
        "security": [],
    }


def _show(operation: JSON, example: Example) -> None:
    for part, shown in (("requestBody", example.body), ("responses", example.answer)):
        if shown is not None:
            said = operation[part] if part == "requestBody" else next(iter(operation[part].values()))
            (content,) = said["content"].values()
            content["example"] = shown


def _said(endpoint: Callable[..., Any], path: str) -> JSON:
    """What an endpoint says of itself: the first sentence is its title."""
    module, name = endpoint.__module__.rpartition(".")[2], endpoint.__name__.rstrip("_")
    title, _, more = " ".join((endpoint.__doc__ or "").split()).partition(". ")
    return {
        "operationId": name if name == module else f"{module}_{name}",
        "tags": [path.split("/")[2] if path.startswith("/v1/") else "operations"],
        "summary": title.rstrip("."),
        "description": more,
    }


def _in_path(components: Components, path: str) -> list[JSON]:
    return [_parameter(components, "path", name, IN_PATH[name], True) for name in re.findall(r"{(\w+)}", path)]


def _in_query(components: Components, query: type[msgspec.Struct] | None) -> list[JSON]:
    fields = () if query is None else msgspec.structs.fields(query)
    return [_parameter(components, "query", one.name, one.type, one.required, one.default) for one in fields]


def _in_header(components: Components, names: Iterable[str]) -> list[JSON]:
    made = [_parameter(components, "header", name, ASKED[name], False) for name in names]
    return [components.shared("parameters", one["name"], one) for one in made]


def _parameter(components: Components, place: str, name: str, type_: Any, required: bool, default: Any = None) -> JSON:
    schema = without_null(components.sent(type_))
    about = {"name": name, "in": place, "required": required, "description": schema.pop("description")}
    return about | {"schema": schema if default in (None, msgspec.NODEFAULT) else schema | {"default": default}}


def _body(components: Components, takes: Any) -> JSON:
    if isinstance(takes, Media):
        content: JSON = {
            "schema": {"type": "string"},
            "x-items": {"anyOf": [components.sent(one) for one in takes.items]},
        }
        return {"required": True, "content": {takes.type: content}}
    schema = components.patch(takes.of) if isinstance(takes, MergePatch) else without_null(components.sent(takes))
    return {"required": NoneType not in get_args(takes), "content": {"application/json": {"schema": schema}}}


def _answer(components: Components, status: int, gives: Any, headers: Iterable[str]) -> JSON:
    made: JSON = {"description": responses[status], "headers": _headers(components, (*OF_ALL, *headers))}
    if isinstance(gives, Media):
        content: JSON = {"schema": {"type": "string"}}
        if gives.items:
            content["x-items"] = {"anyOf": [components.given(item) for item in gives.items]}
        made["content"] = {gives.type.partition(";")[0]: content}
    elif gives is not None:
        made["content"] = {"application/json": {"schema": components.given(gives)}}
    return made


def _errors(components: Components, codes: Collection[str]) -> JSON:
    """The answers to what goes wrong, by status."""
    by_status: dict[int, list[str]] = {}
    for code, row in ERRORS.items():
        if code in codes:
            by_status.setdefault(row.status, []).append(code)
    return {str(status): _error(components, status, by_status[status]) for status in sorted(by_status)}


def _error(components: Components, status: int, codes: Sequence[str]) -> JSON:
    schema = {**components.given(Error), "properties": {"error": {"enum": codes}}}
    made = {
        "description": "; ".join(f"`{code}`: {ERRORS[code].description}" for code in codes),
        "headers": _headers(components, (*OF_ALL, *OF_STATUS.get(status, ()))),
        "content": {"application/json": {"schema": schema}},
    }
    return components.shared("responses", "_or_".join(codes), made)


def _headers(components: Components, names: Iterable[str]) -> JSON:
    made = {name: {"description": TOLD[name], "schema": {"type": "string"}} for name in names}
    return {name: components.shared("headers", name, header) for name, header in made.items()}
