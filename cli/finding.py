"""Which recorded executions a command is about: by their ids, as the newest one, or by filters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlencode

import msgspec

from cli.client import Client
from cli.refusal import Refused

LAST = "last"
PAGE = 200
EXECUTION_ID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")


class Listed(msgspec.Struct, frozen=True):
    execution_id: str


class Page(msgspec.Struct, frozen=True):
    executions: list[Listed]
    cursor: str | None


def given_filters(**filters: str | None) -> dict[str, str]:
    """Those that have a value."""
    return {name: value for name, value in filters.items() if value is not None}


def find(client: Client, execution: str, filters: Mapping[str, str]) -> str:
    """The id that is meant: by itself, or by `last`, the newest that the filters let through. Raises `Refused`."""
    if execution != LAST:
        if filters:
            raise Refused(f"{option_of(filters)} chooses among executions: give it with `{LAST}`, not with an id")
        if not EXECUTION_ID.fullmatch(execution.upper()):
            raise Refused(f"`{execution[:40]}` is no execution id, which has 26 letters and digits; or say `{LAST}`")
        return execution.upper()
    found = client.get(listing({**filters, "limit": "1"}), Page).executions
    if not found:
        whose = f" with {', '.join(f'{name} `{value}`' for name, value in filters.items())}" if filters else ""
        raise Refused(f"there is no execution{whose}; one is recorded about a second after its login")
    return found[0].execution_id


def pages(client: Client, filters: Mapping[str, str], most: int | None) -> Iterator[list[str]]:
    """The ids of all executions that the filters let through, the newest first, up to `most`. Raises `Refused`."""
    left, cursor = most, dict[str, str]()
    while left is None or left > 0:
        size = PAGE if left is None else min(PAGE, left)
        page = client.get(listing({**filters, **cursor, "limit": str(size)}), Page)
        if page.executions:
            yield [execution.execution_id for execution in page.executions]
        if page.cursor is None:
            return
        cursor = {"cursor": page.cursor}
        left = None if left is None else left - len(page.executions)


def listing(filters: Mapping[str, str]) -> str:
    """The path of the list."""
    return f"/v1/executions?{urlencode(filters)}"


def option_of(filters: Mapping[str, str]) -> str:
    return f"--{next(iter(filters))}"
