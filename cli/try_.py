"""`claimsmith try`: one execution on a service, recorded nowhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from cli.options import DEFAULT_URL, AsJson, Token, Url

STANDARD_INPUT = Path("-")


def try_(
    user: Annotated[Path, typer.Option(help="JSON file with the user; `-` reads standard input.", show_default=False)],
    context: Annotated[
        Path | None, typer.Option(help="JSON file with the context, by default `{}`; `-` as above.", show_default=False)
    ] = None,
    rule: Annotated[
        list[Path] | None,
        typer.Option(help="Run this rule instead of the live ones; several run in this order.", show_default=False),
    ] = None,
    revision: Annotated[
        int | None, typer.Option(help="Run the rules of this revision instead of the live ones.", show_default=False)
    ] = None,
    url: Url = DEFAULT_URL,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Decide on one login with the live or the given rules, recorded nowhere."""
    from cli.client import Client
    from cli.execution import show_execution
    from cli.output import Output
    from cli.problems import plain, problems_of, script_at, show_problem
    from cli.refusal import Refused

    if rule and revision is not None:
        raise Refused("give --rule or --revision, not both")
    if user == context == STANDARD_INPUT:
        raise Refused("standard input can be the user or the context, not both")
    body: dict[str, Any] = {"user": _read(user, dict[str, Any] | None)}
    body["context"] = {} if context is None else _read(context, dict[str, Any])
    scripts = [script_at(path) for path in rule or []]
    if scripts:
        body["rules"] = [{"name": path.stem, "script": one.text} for path, one in zip(rule or [], scripts, strict=True)]
    if beside := {name: text for one in scripts for name, text in (one.modules or {}).items()}:
        body["modules"] = beside
    if revision is not None:
        body["revision"] = revision
    output = Output()
    with Client(url, token, "rules:write") as client:
        checked = problems_of(scripts, client, lambda: None)
        errors = [
            (path, problem)
            for path, problems in zip(rule or [], checked, strict=True)
            for problem in problems
            if problem.severity == "error"
        ]
        record = None if errors else client.ask("/v1/try", body, dict[str, Any])
    if record is None:
        if as_json:
            output.json({"problems": [plain(path, problem) for path, problem in errors]})
        for path, problem in () if as_json else errors:
            show_problem(output, path, problem)
        raise typer.Exit(1)
    if as_json:
        output.json(record)
    else:
        show_execution(output, record)


def _read(path: Path, type_: Any) -> Any:
    from engine.files import LARGEST_JSON, decode_json, read_json

    if path == STANDARD_INPUT:
        return decode_json("standard input", typer.get_binary_stream("stdin").read(LARGEST_JSON + 1), type_)
    return read_json(path, type_)
