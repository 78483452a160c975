"""Every endpoint, with the scope it needs. The table is the documentation of who may do what."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api import (
    audit,
    configuration,
    executions,
    exports,
    hook_secrets,
    impact,
    modules,
    operations,
    revisions,
    rules,
    shadow,
    tail,
    tenants,
    trial,
)
from api.call import Call
from api.callers import acting_tenant
from api.execute import execute
from api.hooks import hook
from api.request_id import echo_request_id
from api.service import Service
from api.signed import is_signed, signed_caller

Endpoint = Callable[[Call], Awaitable[Response]]
OpenEndpoint = Callable[[Service, Request], Awaitable[Response]]


class Row(NamedTuple):
    method: str
    path: str
    scope: str | None  # None: any valid token
    endpoint: Endpoint
    signed: bool = False  # may be signed instead


ROUTES = (
    Row("POST", "/v1/execute", "execute", execute, signed=True),
    Row("GET", "/v1/rules", "rules:read", rules.every),
    Row("POST", "/v1/rules", "rules:write", rules.create),
    Row("PUT", "/v1/rules", "rules:deploy", rules.put_all),
    Row("PUT", "/v1/rules/order", "rules:deploy", rules.set_order),
    Row("POST", "/v1/rules/check", "rules:write", rules.check),
    Row("GET", "/v1/rules/{id}", "rules:read", rules.one),
    Row("PATCH", "/v1/rules/{id}", "rules:write", rules.change),
    Row("DELETE", "/v1/rules/{id}", "rules:write", rules.delete),
    Row("GET", "/v1/rules/{id}/versions", "rules:read", rules.versions),
    Row("GET", "/v1/rules/{id}/versions/{n}", "rules:read", rules.version),
    Row("GET", "/v1/modules", "rules:read", modules.every),
    Row("GET", "/v1/modules/{name}", "rules:read", modules.one),
    Row("PUT", "/v1/modules/{name}", "rules:deploy", modules.put),
    Row("DELETE", "/v1/modules/{name}", "rules:deploy", modules.delete),
    Row("GET", "/v1/modules/{name}/versions", "rules:read", modules.versions),
    Row("GET", "/v1/modules/{name}/versions/{n}", "rules:read", modules.version),
    Row("GET", "/v1/revisions", "rules:read", revisions.every),
    Row("GET", "/v1/revisions/{n}", "rules:read", revisions.one),
    Row("POST", "/v1/revisions/{n}/activate", "rules:deploy", revisions.activate),
    Row("GET", "/v1/configuration", "configuration:write", configuration.every),
    Row("PUT", "/v1/configuration/{key}", "configuration:write", configuration.put),
    Row("DELETE", "/v1/configuration/{key}", "configuration:write", configuration.delete),
    Row("GET", "/v1/issuers/{issuer}/secrets", "admin", hook_secrets.every),
    Row("PUT", "/v1/issuers/{issuer}/secrets/{id}", "admin", hook_secrets.put),
    Row("DELETE", "/v1/issuers/{issuer}/secrets/{id}", "admin", hook_secrets.delete),
    Row("POST", "/v1/try", "rules:write", trial.try_),
    Row("GET", "/v1/executions", "executions:read", executions.every),
    Row("DELETE", "/v1/executions", "executions:erase", executions.erase),
    Row("GET", "/v1/executions/tail", "executions:read", tail.tail),
    Row("GET", "/v1/executions/{id}", "executions:read", executions.one),
    Row("GET", "/v1/executions/{id}/why", "executions:read", executions.why),
    Row("GET", "/v1/executions/{id}/case", "replay", executions.case),
    Row("GET", "/v1/executions/{id}/timeline", "replay", executions.timeline),
    Row("POST", "/v1/executions/{id}/replay", "replay", executions.replay),
    Row("POST", "/v1/impact", "replay", impact.impact),
    Row("GET", "/v1/shadow", "executions:read", shadow.one),
    Row("PUT", "/v1/shadow", "rules:deploy", shadow.put),
    Row("DELETE", "/v1/shadow", "rules:deploy", shadow.delete),
    Row("GET", "/v1/audit", "admin", audit.every),
    Row("GET", "/v1/tenants", "admin", tenants.every),
    Row("GET", "/v1/tenants/{tenant}", "admin", tenants.one),
    Row("PUT", "/v1/tenants/{tenant}", "admin", tenants.put),
    Row("DELETE", "/v1/tenants/{tenant}", "admin", tenants.delete),
    Row("GET", "/v1/tenants/{tenant}/settings", "admin", tenants.settings),
    Row("PATCH", "/v1/tenants/{tenant}/settings", "admin", tenants.change_settings),
    Row("GET", "/v1/tenants/{tenant}/export", "admin", exports.export),
    Row("POST", "/v1/tenants/{tenant}/export", "admin", exports.export_with_secrets),
    Row("PUT", "/v1/tenants/{tenant}/import", "admin", exports.import_),
    Row("GET", "/metrics", None, operations.metrics),
)

# Known by what its issuer signs, or by a secret of its own (`api.issuers`).
HOOK = "/v1/hooks/{issuer}/{tenant}"

# Without a token: they say no more than that the service is there.
OPEN_ROUTES: tuple[tuple[str, OpenEndpoint], ...] = (
    ("/healthz", operations.healthz),
    ("/readyz", operations.readyz),
)


def routes() -> list[Route]:
    """The table as Starlette's routes; one path with several methods is one route, so that 405 names them."""
    by_path: dict[str, dict[str, Row]] = {}
    for row in ROUTES:
        by_path.setdefault(row.path, {})[row.method] = row
    made = [Route(path, _endpoint(rows), methods=list(rows)) for path, rows in by_path.items()]
    made.append(Route(HOOK, _hook, methods=["POST"]))
    return made + [Route(path, _open(endpoint), methods=["GET"]) for path, endpoint in OPEN_ROUTES]


def _endpoint(rows: dict[str, Row]) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        row = rows["GET" if request.method == "HEAD" else request.method]
        service: Service = request.app.state.service
        headers = first_headers(request)
        body = None
        if row.signed and is_signed(headers):
            caller, body = await signed_caller(service, request, headers)
        else:
            caller = await service.callers.authenticate(headers)
        if row.scope is not None:
            caller.require(row.scope)
        call = Call(service, caller, acting_tenant(caller, headers), request, headers, body)
        return echo_request_id(request, await row.endpoint(call))

    return answer


async def _hook(request: Request) -> Response:
    return echo_request_id(request, await hook(request.app.state.service, request, first_headers(request)))


def _open(endpoint: OpenEndpoint) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        return echo_request_id(request, await endpoint(request.app.state.service, request))

    return answer


def first_headers(request: Request) -> dict[str, str]:
    """The headers by their names in lower case, the first of each. A login asks for six of them, for which Starlette's
    mapping takes 3.4 µs, since it searches all at every look, and this 0.9."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(request.scope["headers"])}
