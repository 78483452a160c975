"""Every endpoint: the scope it needs, what it gives and what it takes. The table is the documentation of who may do
what, and the document of the API is made of it (`api.openapi`)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api import (
    audit,
    cases,
    configuration,
    documents,
    executions,
    exports,
    hook_calls,
    hook_secrets,
    modules,
    operations,
    revisions,
    rules,
    shadow,
    templates,
    tenants,
    traffic,
    trial,
    who,
)
from api.answers import Record, Replay, Timeline
from api.audit import AuditFilters, AuditLog
from api.call import Call
from api.callers import Caller, acting_tenant
from api.cases import CaseResults, CasesToRun
from api.configuration import SetValue, Value, Values
from api.console import console
from api.execute import Answer, Envelope, execute
from api.executions import AboutClaim, Again, Erased, Executions, OfRule, Page, Person
from api.exports import EXPORT, IMPORT, ImportDone, ImportOptions, Passphrase
from api.filters import Filters
from api.hook_calls import ShownIssuers
from api.hook_secrets import SetSecret, ShownSecrets
from api.hooks import hook
from api.impact import LINES, Question, impact
from api.issuers.kinds import Secret
from api.metrics import CONTENT_TYPE
from api.modules import LiveModule, LiveModules, ModuleScript
from api.native import note_refused
from api.operations import Health, Ready, WhichProcess
from api.page import MEDIA
from api.query import require_none
from api.request_id import echo_request_id
from api.revisions import Activate, Earlier, Revisions, ShownRevision
from api.row import Media, OpenEndpoint, OpenRow, Row
from api.rules import (
    ChangedRule,
    CheckedScript,
    NewRule,
    Ordered,
    Pipeline,
    Problems,
    PutRules,
    ShownRule,
    ShownRules,
    WholeOrder,
)
from api.service import Service
from api.shadow import OnTrial, ShownShadow
from api.signed import is_signed, require_still_signed, signed_by
from api.tail import EVENTS, tail
from api.templates import Templates, TemplateScript
from api.tenants import CHANGES, Tenants
from api.traffic import Window
from api.trial import Trial
from api.versions import Versions, VersionScript
from api.who import WhoAsks
from engine.cases import CaseFile
from engine.models import Tenant, TenantSettings
from engine.traffic import Traffic
from engine.why import Why

# What a call may end with beside what each of its kind may (`api.openapi`).
WRITES = ("conflict", "unprocessable")
COMPILES = ("invalid_rule", "unprocessable")
DEPLOYS = ("conflict", "invalid_rule", "unprocessable")
GUARDED = ("precondition_failed", *DEPLOYS)
QUEUES = ("too_many_requests",)

ROUTES = (
    Row("POST", "/v1/execute", "execute", execute, Answer, Envelope, signed=True),
    Row("GET", "/v1/rules", "rules:read", rules.every, ShownRules),
    Row("POST", "/v1/rules", "rules:write", rules.create, ShownRule, NewRule, DEPLOYS, (201,), ("ETag", "Location")),
    Row("PUT", "/v1/rules", "rules:deploy", rules.put_all, Pipeline, PutRules, DEPLOYS),
    Row("PUT", "/v1/rules/order", "rules:deploy", rules.set_order, Ordered, WholeOrder, WRITES),
    Row("POST", "/v1/rules/check", "rules:write", rules.check, Problems, CheckedScript),
    Row("GET", "/v1/rules/{id}", "rules:read", rules.one, ShownRule, headers=("ETag",)),
    Row("PATCH", "/v1/rules/{id}", "rules:write", rules.change, ShownRule, ChangedRule, GUARDED, headers=("ETag",)),
    Row("DELETE", "/v1/rules/{id}", "rules:write", rules.delete, None, None, ("precondition_failed", *WRITES)),
    Row("GET", "/v1/rules/{id}/versions", "rules:read", rules.versions, Versions),
    Row("GET", "/v1/rules/{id}/versions/{n}", "rules:read", rules.version, VersionScript),
    Row("GET", "/v1/rules/{id}/cases", "rules:read", cases.kept, CaseFile, headers=("ETag",)),
    Row(
        "PUT",
        "/v1/rules/{id}/cases",
        "rules:write",
        cases.keep,
        CaseFile,
        CaseFile,
        ("precondition_failed", "unprocessable"),
        headers=("ETag",),
    ),
    Row("GET", "/v1/modules", "rules:read", modules.every, LiveModules),
    Row("GET", "/v1/modules/{name}", "rules:read", modules.one, LiveModule),
    Row("PUT", "/v1/modules/{name}", "rules:deploy", modules.put, LiveModule, ModuleScript, DEPLOYS),
    Row("DELETE", "/v1/modules/{name}", "rules:deploy", modules.delete, None, None, DEPLOYS),
    Row("GET", "/v1/modules/{name}/versions", "rules:read", modules.versions, Versions),
    Row("GET", "/v1/modules/{name}/versions/{n}", "rules:read", modules.version, VersionScript),
    Row("GET", "/v1/revisions", "rules:read", revisions.every, Revisions, query=Earlier),
    Row("GET", "/v1/revisions/{n}", "rules:read", revisions.one, ShownRevision),
    Row(
        "POST", "/v1/revisions/{n}/activate", "rules:deploy", revisions.activate, ShownRevision, Activate | None, WRITES
    ),
    Row("GET", "/v1/configuration", "configuration:write", configuration.every, Values),
    Row("PUT", "/v1/configuration/{key}", "configuration:write", configuration.put, SetValue, Value, WRITES),
    Row("DELETE", "/v1/configuration/{key}", "configuration:write", configuration.delete, None, None, WRITES),
    Row("GET", "/v1/issuers", "rules:read", hook_calls.every, ShownIssuers),
    Row("GET", "/v1/issuers/{issuer}/secrets", "admin", hook_secrets.every, ShownSecrets),
    Row("PUT", "/v1/issuers/{issuer}/secrets/{id}", "admin", hook_secrets.put, SetSecret, Secret, WRITES),
    Row("DELETE", "/v1/issuers/{issuer}/secrets/{id}", "admin", hook_secrets.delete),
    Row("POST", "/v1/try", "rules:write", trial.try_, Record, Trial, COMPILES),
    Row("POST", "/v1/cases/run", "rules:write", cases.run, CaseResults, CasesToRun, COMPILES),
    Row("GET", "/v1/templates", "rules:read", templates.every, Templates),
    Row("GET", "/v1/templates/{template}", "rules:read", templates.one, TemplateScript),
    Row("GET", "/v1/executions", "executions:read", executions.every, Executions, query=Page),
    Row("DELETE", "/v1/executions", "executions:erase", executions.erase, Erased, query=Person),
    Row("GET", "/v1/executions/tail", "executions:read", tail, EVENTS, None, QUEUES, query=Filters),
    Row("GET", "/v1/executions/{id}", "executions:read", executions.one, Record),
    Row("GET", "/v1/executions/{id}/why", "executions:read", executions.why, Why, query=AboutClaim),
    Row("GET", "/v1/executions/{id}/case", "replay", executions.case, CaseFile, None, ("unprocessable",), query=OfRule),
    Row("GET", "/v1/executions/{id}/timeline", "replay", executions.timeline, Timeline),
    Row("POST", "/v1/executions/{id}/replay", "replay", executions.replay, Replay, Again | None, COMPILES),
    Row("POST", "/v1/impact", "replay", impact, LINES, Question, (*COMPILES, *QUEUES)),
    Row("GET", "/v1/traffic", "executions:read", traffic.traffic, Traffic, query=Window),
    Row("GET", "/v1/shadow", "executions:read", shadow.one, ShownShadow),
    Row("PUT", "/v1/shadow", "rules:deploy", shadow.put, ShownShadow, OnTrial, WRITES),
    Row("DELETE", "/v1/shadow", "rules:deploy", shadow.delete),
    Row("GET", "/v1/caller", None, who.caller, WhoAsks),
    Row("GET", "/v1/audit", "admin", audit.every, AuditLog, query=AuditFilters),
    Row("GET", "/v1/tenants", "admin", tenants.every, Tenants),
    Row("GET", "/v1/tenants/{tenant}", "admin", tenants.one, Tenant),
    Row("PUT", "/v1/tenants/{tenant}", "admin", tenants.put, Tenant, None, WRITES, (200, 201)),
    Row("DELETE", "/v1/tenants/{tenant}", "admin", tenants.delete),
    Row("GET", "/v1/tenants/{tenant}/settings", "admin", tenants.settings, TenantSettings),
    Row("PATCH", "/v1/tenants/{tenant}/settings", "admin", tenants.change_settings, TenantSettings, CHANGES, WRITES),
    Row("GET", "/v1/tenants/{tenant}/export", "admin", exports.export, EXPORT, None, ("unprocessable",)),
    Row(
        "POST",
        "/v1/tenants/{tenant}/export",
        "admin",
        exports.export_with_secrets,
        EXPORT,
        Passphrase,
        ("unprocessable",),
    ),
    Row(
        "PUT",
        "/v1/tenants/{tenant}/import",
        "admin",
        exports.import_,
        ImportDone,
        IMPORT,
        DEPLOYS,
        query=ImportOptions,
    ),
    Row("GET", "/metrics", None, operations.metrics, Media(CONTENT_TYPE), query=WhichProcess),
)

# Known by what its issuer signs, or by a secret of its own (`api.issuers`).
HOOK = "/v1/hooks/{issuer}/{tenant}"

# Without a token: they say no more than that the service is there, and how it is called.
OPEN_ROUTES = (
    OpenRow("/healthz", operations.healthz, Health),
    OpenRow("/readyz", operations.readyz, Ready, ("invalid_token", "unauthorized", "temporarily_unavailable")),
    OpenRow("/openapi.json", documents.openapi, dict[str, Any], headers=("ETag",)),
    OpenRow("/docs", documents.docs, Media(MEDIA), headers=("ETag",)),
)


def routes() -> list[Route]:
    """The table as Starlette's routes; one path with several methods is one route, so that 405 names them."""
    by_path: dict[str, dict[str, Row]] = {}
    for row in ROUTES:
        by_path.setdefault(row.path, {})[row.method] = row
    made: list[Route] = [Route(path, _endpoint(rows), methods=list(rows)) for path, rows in by_path.items()]
    made.append(Route(HOOK, _hook, methods=["POST"]))
    made += [Route(row.path, _open(row.endpoint), methods=["GET"]) for row in OPEN_ROUTES]
    return made + console.routes()


def _endpoint(rows: dict[str, Row]) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        row = rows["GET" if request.method == "HEAD" else request.method]
        service: Service = request.app.state.service
        headers = first_headers(request)
        caller: Caller | None = None
        try:
            signed = await signed_by(service, request, headers) if row.signed and is_signed(headers) else None
            caller = await service.callers.authenticate(headers) if signed is None else signed.caller
            service.rates.take(caller)
            if row.scope is not None:
                caller.require(row.scope)
            # A login is not refused for what a proxy has put onto its address.
            if row.query is None and row.scope != "execute":
                require_none(request)
            body = None if signed is None else signed.body
            call = Call(service, caller, acting_tenant(caller, headers), request, headers, body)
            if row.method == "DELETE":
                call.require_no_body()
            response = await row.endpoint(call)
            if signed is not None:
                require_still_signed(service, signed)
        except Exception as error:
            if row.signed:
                note_refused(service, headers, caller, error)
            raise
        return echo_request_id(request, response)

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
