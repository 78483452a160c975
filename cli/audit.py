"""`claimsmith audit`: who changed what, when, and how it was before and after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode

import typer

from cli.options import DEFAULT_URL, AsJson, Tenant, Token, Url

if TYPE_CHECKING:
    from cli.client import Client
    from cli.entries import Entry

PAGE = 200
MISSING = "(none)"


def audit(
    act: Annotated[
        str | None, typer.Option(help="Only this act, such as `rule.change`, or kind, such as `rule`.")
    ] = None,
    by: Annotated[str | None, typer.Option(help="Only what this subject has changed.", show_default=False)] = None,
    what: Annotated[str | None, typer.Option(help="Only changes of this id or name.", show_default=False)] = None,
    since: Annotated[
        str | None, typer.Option(help="Not before: `24h`, or a time like 2026-11-18T12:00:00Z.", show_default=False)
    ] = None,
    until: Annotated[str | None, typer.Option(help="Not after, likewise.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(help="How many, the newest.", min=1)] = 50,
    tenant: Tenant = None,
    every: Annotated[
        bool, typer.Option("--all", help="Of all tenants, ended ones too, and of the service itself.")
    ] = False,
    url: Url = DEFAULT_URL,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Show who changed what, when, and how it was before and after: the newest first."""
    from cli.client import Client
    from cli.finding import given_filters
    from cli.output import Output

    output = Output()
    filters = given_filters(act=act, by=by, what=what, since=since, until=until, tenants="all" if every else None)
    with Client(url, token, "admin", tenant) as service:
        found = list(_entries(service, filters, limit))
    if as_json:
        output.json({"entries": found})
    elif found:
        head = ("time", *(("tenant",) if every else ()), "by", "act", "what", "revision", "change")
        output.table(head, [_row(entry, every) for entry in found])
    else:
        output.line("nothing was changed")


def _entries(service: Client, filters: Mapping[str, str], most: int) -> Iterator[Entry]:
    from cli.entries import Page

    cursor: dict[str, str] = {}
    while most > 0:
        size = min(PAGE, most)
        page = service.get(f"/v1/audit?{urlencode({**filters, **cursor, 'limit': str(size)})}", Page)
        yield from page.entries
        if page.cursor is None:
            return
        cursor = {"cursor": page.cursor}
        most -= len(page.entries)


def _row(entry: Entry, every: bool) -> tuple[str, ...]:
    tenant = (entry.tenant or "-",) if every else ()
    revision = "" if entry.revision is None else str(entry.revision)
    return (f"{entry.at:%Y-%m-%d %H:%M:%S}Z", *tenant, entry.by, entry.act, _what(entry), revision, _change(entry))


def _what(entry: Entry) -> str:
    """By its name, where it has one beside its id."""
    if entry.act.startswith("rule."):
        for side in (entry.after, entry.before):
            if isinstance(side, dict) and "name" in side:
                return _value(side, "name")
    return entry.what or ""


def _change(entry: Entry) -> str:
    before, after = (side if isinstance(side, dict) else {} for side in (entry.before, entry.after))
    both = entry.before is not None and entry.after is not None
    # A script's version says as much to a person as its digest, and of what is new or gone the name is said already.
    left_out = ("sha256",) if both else ("sha256", "name")
    names = [name for name in {**before, **after} if name not in left_out and before.get(name) != after.get(name)]
    return ", ".join(
        f"{name} {_value(before, name)} -> {_value(after, name)}" if both else f"{name} {_value(before | after, name)}"
        for name in names
    )


def _value(of: Mapping[str, Any], name: str) -> str:
    from cli.output import compact

    value = of.get(name, MISSING)
    return value if isinstance(value, str) else compact(value)
