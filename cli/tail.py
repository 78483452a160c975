"""`claimsmith tail`: executions as they happen."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import DEFAULT_URL, Token, Url

if TYPE_CHECKING:
    from cli.output import Output

AGAIN = 1.0  # seconds until another try when the service has gone away


def tail(
    decision: Annotated[str | None, typer.Option(help="Only `allow`, `deny`, `redirect` or `step_up`.")] = None,
    client: Annotated[str | None, typer.Option(help="Only of this client.", show_default=False)] = None,
    user: Annotated[str | None, typer.Option(help="Only of this `user_id`.", show_default=False)] = None,
    rule: Annotated[str | None, typer.Option(help="Only where this rule ran.", show_default=False)] = None,
    claim: Annotated[str | None, typer.Option(help="Only where a token has this claim.", show_default=False)] = None,
    url: Url = DEFAULT_URL,
    token: Token = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object to a line.")] = False,
) -> None:
    """Follow executions as they happen, until Ctrl-C."""
    from cli.client import Away, Client
    from cli.executions import query
    from cli.output import Output

    output = Output()
    path = f"/v1/executions/tail{query(decision=decision, client=client, user=user, rule=rule, claim=claim)}"
    with Client(url, token, "executions:read") as service:
        while True:
            try:
                for name, data in service.follow(path):
                    if name == "missed":
                        sys.stderr.write("claimsmith: more came at once than can be told\n")
                    elif as_json:
                        output.json_line(data)
                    else:
                        _show(output, data)
            except Away as gone:
                sys.stderr.write(f"claimsmith: {gone}; trying again\n")
            time.sleep(AGAIN)


def _show(output: Output, one: dict[str, Any]) -> None:
    from cli.execution import DECISIONS
    from cli.output import BAD, QUIET

    decision = one["decision"]
    moment = one["clock"].partition("T")[2][:12]
    rest = [f"{one['ms']:.1f} ms", one["execution_id"]]
    if one["denial"]:
        rest.append(one["denial"]["description"])
    failed = (f"  failed: {', '.join(one['failed'])}", BAD) if one["failed"] else ""
    output.line(
        (f"{moment}  ", QUIET),
        (f"{decision:<8}", DECISIONS.get(decision, BAD)),
        f"  {one['client'] or '-'}  {one['user'] or '-'}  {len(one['claims'])} claims",
        failed,
        ("  " + "  ".join(rest), QUIET),
    )
