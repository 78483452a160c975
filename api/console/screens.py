"""Every screen of a tenant, and every form that it takes: the scope that somebody needs, and who answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from starlette.responses import Response

from api.console import (
    audit,
    authoring,
    configuration,
    execution,
    executions,
    gallery,
    health,
    history,
    issuers,
    modules,
    revisions,
    rules,
    shadow,
    tenant_settings,
    tenants,
)
from api.console.visit import Visit

Answering = Callable[[Visit], Awaitable[Response]]


class Screen(NamedTuple):
    """`path` is below the tenant's; `label` is its name in the navigation, "" for a screen that is not in it."""

    path: str
    scope: str
    show: Answering
    label: str = ""


class Action(NamedTuple):
    """A form (POST)."""

    path: str
    scope: str
    act: Answering


# In the order of the navigation.
SCREENS = (
    Screen("/rules", "rules:read", rules.every, "Rules"),
    Screen("/rules/new", "rules:write", authoring.new),
    Screen("/rules/templates", "rules:read", gallery.search),
    Screen("/rules/templates/{template}", "rules:read", gallery.one),
    Screen("/rules/{id}", "rules:read", authoring.one),  # behind those that have a name in its place
    Screen("/rules/{id}/history", "rules:read", history.one),
    Screen("/rules/{id}/versions/{n}", "rules:read", history.version),
    Screen("/try", "rules:write", authoring.try_, "Try"),
    Screen("/executions", "executions:read", executions.every, "Executions"),
    Screen("/executions/{id}", "executions:read", execution.show),
    Screen("/executions/{id}/lines", "replay", execution.lines),
    Screen("/executions/{id}/case", "replay", execution.case),
    Screen("/issuers", "rules:read", issuers.every, "Issuers"),
    Screen("/issuers/{name}", "rules:read", issuers.one),
    Screen("/configuration", "configuration:write", configuration.every, "Configuration"),
    Screen("/modules", "rules:read", modules.every, "Modules"),
    Screen("/modules/new-module", "rules:deploy", modules.new),  # no module's name: it has a hyphen
    Screen("/modules/{name}", "rules:read", modules.one),
    Screen("/revisions", "rules:read", revisions.every, "Revisions"),
    Screen("/revisions/{n}", "rules:read", revisions.one),
    Screen("/shadow", "executions:read", shadow.one),
    Screen("/tenants", "admin", tenants.every, "Tenants"),
    Screen("/tenants/{name}/settings", "admin", tenant_settings.one),
    Screen("/audit", "admin", audit.every, "Audit"),
    Screen("/health", "executions:read", health.one, "Health"),
)

ACTIONS: tuple[Action, ...] = (
    Action("/issuers/{name}/secrets/{id}/delete", "admin", issuers.delete),
    Action("/rules/{id}/history", "rules:write", history.restore),
    Action("/executions/{id}/replay", "replay", execution.replay),
    Action("/configuration", "configuration:write", configuration.put),
    Action("/configuration/delete", "configuration:write", configuration.delete),
    Action("/modules/new-module", "rules:deploy", modules.create),
    Action("/modules/{name}", "rules:deploy", modules.save),
    Action("/modules/{name}/delete", "rules:deploy", modules.delete),
    Action("/revisions/{n}/activate", "rules:deploy", revisions.activate),
    Action("/shadow", "rules:deploy", shadow.start),
    Action("/shadow/end", "rules:deploy", shadow.end),
    Action("/tenants", "admin", tenants.create),
    Action("/tenants/{name}/settings", "admin", tenant_settings.change),
    Action("/tenants/{name}/export", "admin", tenants.export),
    Action("/tenants/{name}/delete", "admin", tenants.delete),
)
