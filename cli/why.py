"""`claimsmith why`: who put a claim into a token, or why it is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import DEFAULT_URL, AsJson, ByClient, ByUser, Execution, Token, Url

if TYPE_CHECKING:
    from cli.output import Output, Part
    from engine.why import Why


def why(
    execution: Execution,
    claim: Annotated[str, typer.Argument(help="The claim's name, as it stands in the token.", show_default=False)],
    access: Annotated[bool, typer.Option("--access-token", help="Of the access token, not the ID token.")] = False,
    user: ByUser = None,
    client: ByClient = None,
    url: Url = DEFAULT_URL,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Say which rule and line put a claim into the token, or every reason why it is not there. Exit code 1 if not."""
    from urllib.parse import urlencode

    import msgspec

    from cli.client import Client
    from cli.finding import find, given_filters
    from cli.output import Output
    from engine.why import Why

    output = Output()
    with Client(url, token, "executions:read") as service:
        found = find(service, execution, given_filters(user=user, client=client))
        query = urlencode({"claim": claim, "token": "accessToken" if access else "idToken"})
        answer = service.get(f"/v1/executions/{found}/why?{query}", Why)
    if as_json:
        output.json({"execution_id": found, **msgspec.to_builtins(answer)})
    elif answer.present:
        _show_present(output, found, answer)
    else:
        _show_absent(output, found, answer)
    raise typer.Exit(0 if answer.present else 1)


def _show_present(output: Output, id: str, answer: Why) -> None:
    from cli.output import GOOD, compact

    output.line(answer.claim, " is in the ", (answer.token, GOOD), f" of {id}: {compact(answer.value)}")
    output.line()
    if answer.history:
        _show_history(output, answer)
    else:
        output.line("no rule wrote it: it is as the issuer sent it")


def _show_absent(output: Output, id: str, answer: Why) -> None:
    from cli.output import BAD, QUIET

    output.line(answer.claim, " is ", ("not", BAD), f" in the {answer.token} of {id}")
    output.line()
    for number, reason in enumerate(answer.reasons, 1):
        words = [f"rule {reason.rule}"] if reason.rule else []
        words += [f"line {reason.line}"] if reason.line else []
        place = f"{', '.join(words)}: " if words else ""
        output.line(f"{number}. {place}{reason.text}", (f"  ({reason.code})", QUIET))
    if answer.history:
        output.line()
        _show_history(output, answer)


def _show_history(output: Output, answer: Why) -> None:
    """Every write that touched it, in order."""
    from cli.execution import change_words
    from cli.output import CHANGED, QUIET

    own = f"/context/{answer.token}/{answer.claim.replace('~', '~0').replace('/', '~1')}"
    rows: list[list[Part]] = []
    for write in answer.history:
        change = change_words(write.op, write.old, write.new)
        if write.path != own:
            change = f"{write.path}: {change}"
        what: Part = (f"{change} (undone: the rule failed later)", CHANGED) if write.rolled_back else change
        place = (write.rule, str(write.version), str(write.line))
        rows.append([*place, what, (write.source or "", QUIET)])
    output.table(("rule", "version", "line", "change", "source"), rows)
