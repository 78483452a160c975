"""`claimsmith replay`: recorded logins again, as they were or under other rules."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import DEFAULT_URL, AsJson, ByClaim, ByClient, ByDecision, ByOutcome, ByUser, Token, Url

if TYPE_CHECKING:
    from cli.candidate import Candidate
    from cli.client import Client
    from cli.output import Output

SCOPES = "executions:read replay rules:read rules:write"
MOST = 1_000_000  # that a service analyses at once


def replay(
    executions: Annotated[
        list[str] | None, typer.Argument(help="Executions by their ids, or `last`.", show_default=False)
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(help="All since a time (2026-11-18T12:00:00Z) or for so long (30m, 24h, 7d).", show_default=False),
    ] = None,
    until: Annotated[str | None, typer.Option(help="And until a time.", show_default=False)] = None,
    rule: Annotated[
        list[Path] | None,
        typer.Option(
            help="A rule that replaces the live one of its name, or is added behind the others.", show_default=False
        ),
    ] = None,
    revision: Annotated[int | None, typer.Option(help="Under the rules of this revision.", show_default=False)] = None,
    decision: ByDecision = None,
    outcome: ByOutcome = None,
    client: ByClient = None,
    user: ByUser = None,
    claim: ByClaim = None,
    limit: Annotated[
        int | None, typer.Option(min=1, max=MOST, help="At most so many, the newest.", show_default=False)
    ] = None,
    html: Annotated[
        Path | None, typer.Option(help="Write a report of the impact to this file.", show_default=False)
    ] = None,
    url: Url = DEFAULT_URL,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Run recorded logins again, as they were or under other rules. Exit code 1 if one is different."""
    from cli.candidate import NotValid, candidate
    from cli.client import Client as Service
    from cli.finding import find, given_filters
    from cli.output import Output
    from cli.refusal import Refused

    filters = given_filters(decision=decision, outcome=outcome, client=client, user=user, claim=claim)
    other = bool(rule) or revision is not None
    if rule and revision is not None:
        raise Refused("give --rule or --revision, not both")
    if bool(executions) == (since is not None):
        raise Refused("say which logins: their ids (or `last`), or --since 24h")
    if since is None and (until is not None or limit is not None):
        raise Refused("--until and --limit go with --since")
    if html is not None and (since is None or not other):
        raise Refused("--html goes with --since and with --rule or --revision")
    if html is not None and (html.is_dir() or not html.absolute().parent.is_dir()):
        raise Refused(f"{html}: no file can be written there")
    output = Output()
    with Service(url, token, SCOPES if rule else "executions:read replay") as service:
        under = candidate(service, rule or [], revision)
        if isinstance(under, NotValid):
            under.show(output, as_json)
            raise typer.Exit(1)
        if since is None:
            ids = list(dict.fromkeys(find(service, execution, filters) for execution in executions or []))
            differs = _each(output, service, ids, under, as_json)
        elif under is None:
            times = given_filters(since=since, until=until)
            differs = _as_they_were(output, service, filters | times, limit, as_json)
        else:
            question: dict[str, Any] = {"since": since, "filter": filters, **under.body}
            question |= given_filters(until=until)
            if limit is not None:
                question["limit"] = limit
            differs = _impact(output, service, question, under, html, as_json)
    raise typer.Exit(1 if differs else 0)


def _each(output: Output, service: Client, ids: list[str], under: Candidate | None, as_json: bool) -> bool:
    import msgspec

    from cli.replaying import replay_all, show_replayed

    with output.progress("replaying", len(ids)) as done:
        found = list(replay_all(service, ids, {} if under is None else under.body, done, lenient=False))
    if as_json:
        output.json({"executions": msgspec.to_builtins(found)})
    for one in () if as_json else found:
        show_replayed(output, one)
    return not all(one.identical for one in found)


def _as_they_were(output: Output, service: Client, filters: dict[str, str], limit: int | None, as_json: bool) -> bool:
    """Those that are not identical, and how many are."""
    import msgspec

    from cli.finding import pages
    from cli.output import BAD, CHANGED, GOOD
    from cli.replaying import Tally, replay_all, show_replayed

    tally = Tally()
    with output.progress("replaying", None) as done:
        for ids in pages(service, filters, limit):
            for one in replay_all(service, ids, {}, done, lenient=True):
                tally.add(one)
    if as_json:
        output.json({**tally.counts(), "executions": msgspec.to_builtins(tally.told)})
    else:
        for one in tally.told:
            show_replayed(output, one)
        for code, (count, text) in tally.remarks.items():
            output.line((code, CHANGED), f" of {count:,}, for example: {text}")
        output.line((tally.summary(), GOOD if tally.identical == tally.of else BAD))
    return bool(tally.different or tally.not_replayed)


def _impact(
    output: Output, service: Client, question: dict[str, Any], under: Candidate, html: Path | None, as_json: bool
) -> bool:
    import msgspec

    from cli.impact import analyse, show_impact
    from cli.output import QUIET

    impact = analyse(service, question, output)
    if as_json:
        output.json(msgspec.to_builtins(impact))
    else:
        output.line((under.words(), QUIET))
        show_impact(output, impact)
    if html is not None:
        from cli.report import report
        from cli.seen import write_file

        write_file(html, report(impact, question, under.words(), service.url))
        if not as_json:
            output.line()
            output.line(f"the report is in {html}")
    return impact.would_change or impact.left_out > 0 or impact.unreadable > 0
