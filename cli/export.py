"""`claimsmith export`: tenants into one file."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import typer

from cli.options import DEFAULT_URL, AsJson, PassphraseFile, Token, Url

if TYPE_CHECKING:
    from cli.client import Client

WITHIN = 600.0  # seconds for one tenant


def export(
    file: Annotated[Path, typer.Argument(help="File to write, which is not there yet.", show_default=False)],
    tenant: Annotated[str | None, typer.Option(help="Which tenant.", show_default="default")] = None,
    every: Annotated[bool, typer.Option("--all", help="All tenants, instead of one.")] = False,
    with_secrets: Annotated[
        bool, typer.Option("--with-secrets", help="Also the values of secrets, encrypted under a passphrase.")
    ] = False,
    passphrase_file: PassphraseFile = None,
    url: Url = DEFAULT_URL,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Write tenants into a file, with their history: all but records, the audit log, and values of secrets."""
    from cli.client import Client
    from cli.exported import require_whole
    from cli.output import Output, counted
    from cli.passphrase import read_passphrase, require_private
    from cli.refusal import Refused
    from cli.writing import new_file
    from engine.exports.lines import FORMAT, ExportLine, encoded

    if every and tenant is not None:
        raise Refused("--all and --tenant contradict each other: give one of them")
    if passphrase_file is not None and not with_secrets:
        raise Refused("--passphrase-file is for --with-secrets")
    output = Output()
    with Client(url, token, "admin") as service, new_file(file) as written:
        names = _names(service, tenant, every)
        phrase = None
        if with_secrets:
            require_private(service.url)
            phrase = read_passphrase(passphrase_file, new=True)
        head = encoded(ExportLine(format=FORMAT, made_at=datetime.now(UTC), tenants=tuple(names)))
        written.write(head)
        size = len(head)
        with output.progress("exporting", len(names)) as done:
            for name in names:
                section = _section(service, name, phrase)
                require_whole(section, name, service.url)
                written.write(section)
                size += len(section)
                done()
    if as_json:
        output.json({"file": str(file), "tenants": names, "bytes": size, "secrets": with_secrets})
    else:
        also = "with their secrets" if with_secrets else "without values of secrets"
        output.line(f"{file}: {counted(len(names), 'tenant')}, {also}, {size:,} bytes")


def _names(service: Client, tenant: str | None, every: bool) -> list[str]:
    from cli.imported import Tenants

    if every:
        return [one.id for one in service.get("/v1/tenants", Tenants).tenants]
    return [tenant or "default"]


def _section(service: Client, tenant: str, phrase: str | None) -> bytes:
    path = f"/v1/tenants/{quote(tenant, safe='')}/export"
    if phrase is None:
        return service.text("GET", path, None, WITHIN)
    return service.text("POST", path, {"passphrase": phrase}, WITHIN)
