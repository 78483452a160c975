"""`claimsmith why`: why a claim is in a token, or is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from cli.options import DEFAULT_URL, AsJson, Token, Url

if TYPE_CHECKING:
    from cli.output import Output

Execution = Annotated[str, typer.Argument(help="Id of the execution, or `last` for the newest.", show_default=False)]
User = Annotated[str | None, typer.Option(help="With `last`: of this `user_id`.", show_default=False)]
OfClient = Annotated[str | None, typer.Option("--client", help="With `last`: of this client.", show_default=False)]


def why(
    execution: Execution,
    claim: Annotated[str, typer.Argument(help="Name of the claim.", show_default=False)],
    access: Annotated[bool, typer.Option("--access-token", help="Of the access token, not the ID token.")] = False,
    user: User = None,
    client: OfClient = None,
    url: Url = DEFAULT_URL,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Say who set a claim, or why it is missing. Exit code 1 when it is missing."""
    from cli.client import Client
    from cli.executions import path_of
    from cli.output import Output

    with Client(url, token, "executions:read") as service:
        path = path_of(service, execution, user=user, client=client)
        kind = "accessToken" if access else "idToken"
        found = service.get(f"{path}/why?claim={quote(claim, safe='')}&token={kind}", dict[str, Any])
    output = Output()
    if as_json:
        output.json(found)
    else:
        _show(output, found, path.rpartition("/")[2])
    raise typer.Exit(0 if found["present"] else 1)


def _show(output: Output, found: dict[str, Any], execution: str) -> None:
    from cli.output import BAD, GOOD, QUIET, compact

    output.line(f"execution {execution}")
    name = f"{found['token']} {found['claim']}"
    if found["present"]:
        output.line((name, GOOD), f"  {compact(found['value'])}")
        if not found["history"]:
            output.line("no rule has touched it: it came from the issuer")
    else:
        output.line((f"{name} is not there", BAD))
    for number, reason in enumerate(found["reasons"], 1):
        output.line(f"{number:>3}. ", (f"{reason['code']}: ", QUIET), reason["text"])
    for chapter in found["history"]:
        undone = (" (undone: the rule was skipped)", QUIET) if chapter["rolled_back"] else ""
        place = f"{chapter['rule']} version {chapter['version']}, line {chapter['line']}"
        output.line(f"  {chapter['op']:<8}{place}: {compact(chapter['old'])} -> {compact(chapter['new'])}", undone)
        if chapter["source"]:
            output.line((f"          {chapter['source']}", QUIET))
