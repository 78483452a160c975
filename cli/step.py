"""`claimsmith step`: a recorded execution line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import DEFAULT_URL, AsJson, ByClient, ByUser, Execution, Token, Url

if TYPE_CHECKING:
    from cli.output import Output
    from cli.timeline import Timeline

WIDE = 60  # characters up to which what lines did stands below each other


def step(
    execution: Execution,
    user: ByUser = None,
    client: ByClient = None,
    plain: Annotated[bool, typer.Option("--plain", help="Print all lines, instead of walking along them.")] = False,
    url: Url = DEFAULT_URL,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Walk along a recorded execution, forwards and back, with the variables. In a pipe: every line that ran."""
    from cli.client import Client
    from cli.finding import find, given_filters
    from cli.output import CHANGED, Output
    from cli.timeline import fetch

    output = Output()
    with Client(url, token, "executions:read replay") as service:
        found = find(service, execution, given_filters(user=user, client=client))
        if as_json:
            output.json(service.get(f"/v1/executions/{found}/timeline", dict[str, Any]))
            return
        timeline = fetch(service, found)
    if timeline.lines and output.interactive and not plain:
        from cli.walk import Walk

        Walk(timeline).go(output)
    else:
        _show_all(output, found, timeline)
    for remark in timeline.told.remarks:
        output.line((remark.code, CHANGED), f": {remark.text}")
    if not timeline.told.identical:
        output.line(("this is not what ran then: it did not come out the same when it was run again", CHANGED))


def _show_all(output: Output, execution: str, timeline: Timeline) -> None:
    """Each line once, with what it saw and did."""
    from cli.execution import change_words
    from cli.output import CHANGED, QUIET

    if not timeline.lines:
        output.line(f"no line of a rule ran in {execution}")
    places = [f"{line.rule}:{line.line}" for line in timeline.lines]
    margin = max(map(len, places), default=0)
    for place, line, writes in zip(places, timeline.lines, timeline.writes, strict=True):
        did = [f"{name} = {text}" for name, text in line.changed.items()]
        did += [f"{write.path} {change_words(write.op, write.old, write.new)}" for write in writes]
        did += [] if line.returned is None else [f"returns {line.returned}"]
        did += [] if line.raised is None else [f"raises {line.raised}"]
        seen = [f"{name} is {text}" for name, text in line.values.items()]
        source = "  " * line.depth + (line.source or "")
        if seen or did:
            parts = ((", ".join(seen), QUIET), ("  " if seen and did else "", ""), ("; ".join(did), CHANGED))
            output.line(f"{place:<{margin}}  {source:<{WIDE}}  ", *parts)
        else:
            output.line(f"{place:<{margin}}  {source}".rstrip())
    if timeline.told.truncated:
        output.line(("and more lines, which were not told", QUIET))
