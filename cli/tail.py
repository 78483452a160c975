"""`claimsmith tail`: executions as they happen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import DEFAULT_URL, ByClaim, ByClient, ByDecision, ByOutcome, ByUser, Token, Url

if TYPE_CHECKING:
    from cli.following import Execution
    from cli.output import Output


def tail(
    decision: ByDecision = None,
    client: ByClient = None,
    user: ByUser = None,
    rule: Annotated[
        str | None, typer.Option(help="Only those in which a rule of this name ran.", show_default=False)
    ] = None,
    outcome: ByOutcome = None,
    claim: ByClaim = None,
    since: Annotated[
        str | None,
        typer.Option(
            help="First those since a time (2026-11-18T12:00:00Z) or for so long (30m, 24h, 7d).", show_default=False
        ),
    ] = None,
    url: Url = DEFAULT_URL,
    token: Token = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """Follow logins as they happen, one line each, until Ctrl-C."""
    from cli.client import Client
    from cli.finding import given_filters
    from cli.following import follow
    from cli.output import Output

    output = Output()
    filters = given_filters(decision=decision, client=client, user=user, rule=rule, outcome=outcome, claim=claim)
    with Client(url, token, "executions:read") as service:
        for followed in follow(service, filters, output.note, since):
            if followed is None:
                output.require_reader()
            elif as_json:
                output.json_line(followed.plain)
            else:
                _show(output, followed.execution)


def _show(output: Output, execution: Execution) -> None:
    from cli.execution import DECISIONS
    from cli.output import BAD, QUIET

    denial = execution.denial
    output.line(
        (f"{execution.clock[:19]}Z  ", QUIET),
        (f"{execution.decision:<8}", DECISIONS.get(execution.decision, BAD)),
        f"  {_word(execution.client)}  {_word(execution.user)}",
        f"  {' '.join(execution.claims) or 'no claims'}",
        (f"  failed: {' '.join(execution.failed)}" if execution.failed else "", BAD),
        (f"  {denial.error}: {denial.description}" if denial else "", BAD),
        (f"  {execution.ms:.1f} ms  {execution.execution_id}", QUIET),
    )


def _word(value: Any) -> str:
    from cli.output import compact

    if value is None:
        return "-"
    return value if isinstance(value, str) else compact(value)
