"""Conditions: for which logins a rule runs at all.

They are looked at before any rule has run, in what the issuer has sent: no rule can bring another to run or not.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from engine.models import Conditions
from engine.transaction import ContextView

MOST_NAMED = 5  # of what would be right, in a reason
# What is compared with which field of `context`.
FIELDS = (("clients", "clientID"), ("connections", "connection"), ("protocols", "protocol"))


def unmet(conditions: Conditions, view: ContextView, *, user: bool) -> str | None:
    """Why a rule with these conditions does not run for this login, in words; None where it does. `user` says whether
    there is one."""
    if not user and not conditions.without_user:
        return "there is no user, and its conditions do not say `without_user`"
    for name, field in FIELDS:
        wanted = getattr(conditions, name)
        given = getattr(view, field)
        if wanted and given not in wanted:
            return f"it runs only for the {name} {_named(wanted)}: {_told(field, given)}"
    return None


def _named(wanted: Iterable[str]) -> str:
    names = [f"`{name}`" for name in wanted]
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more


def _told(field: str, given: Any) -> str:
    if given is None:
        return f"`context.{field}` is not there"
    return f"`context.{field}` is `{given[:100]}`" if isinstance(given, str) else f"`context.{field}` is no text"
