"""Recorded executions as commands name them: by id, or `last` for the newest one."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from cli.client import Client
from cli.refusal import Refused

LAST = "last"
FILTERS = ("decision", "client", "user", "rule", "claim", "since", "until")


def query(**filters: object) -> str:
    """A query of the filters that are given, with its question mark; nothing where there are none."""
    given = {name: str(value) for name, value in filters.items() if value is not None}
    return f"?{urlencode(given)}" if given else ""


def path_of(client: Client, execution: str, /, **filters: object) -> str:
    """Where the execution stands: of this id, or with `last` the newest that the filters let through. Raises
    `Refused`."""
    if execution != LAST:
        if any(value is not None for value in filters.values()):
            raise Refused(f"filters go with `{LAST}`, not with the id of an execution")
        return f"/v1/executions/{quote(execution, safe='')}"
    found = client.get(f"/v1/executions{query(limit=1, **filters)}", dict[str, Any])["executions"]
    if not found:
        raise Refused("no execution is recorded that fits")
    return f"/v1/executions/{found[0]['execution_id']}"
