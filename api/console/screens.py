"""Every screen of a tenant, and every form that it takes: the scope that somebody needs, and who answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from starlette.responses import Response

from api.console import gallery, issuers, rules
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
    Screen("/rules/templates", "rules:read", gallery.search),
    Screen("/rules/templates/{template}", "rules:read", gallery.one),
    Screen("/issuers", "rules:read", issuers.every, "Issuers"),
    Screen("/issuers/{name}", "rules:read", issuers.one),
)

ACTIONS: tuple[Action, ...] = (Action("/issuers/{name}/secrets/{id}/delete", "admin", issuers.delete),)
