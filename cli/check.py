"""`claimsmith check`: what stands against scripts, before anybody runs them."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from cli.options import AsJson, Token, UrlInstead


def check(
    files: Annotated[list[Path], typer.Argument(help="Rules, and folders of rules.", show_default=False)],
    strict: Annotated[bool, typer.Option("--strict", help="Hints fail too.")] = False,
    url: UrlInstead = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Show what is wrong with rules, as `file:line:column: code message`. Exit code 1 if anything is."""
    from cli.client import Client
    from cli.local import elsewhere
    from cli.output import Output, counted
    from cli.problems import Script, plain, problems_of, script_at, show_problem
    from cli.scripts import scripts
    from engine.files import NotAScript
    from sandbox.wire import Problem

    service = elsewhere(url)
    paths = scripts(files)
    output = Output()
    found: dict[Path, list[Problem]] = {}
    texts: dict[Path, Script] = {}
    for path in paths:
        try:
            texts[path] = script_at(path)
        except NotAScript as exc:
            problem = Problem(line=exc.line, column=exc.column, code=exc.code, message=exc.message)
            found[path] = [problem]
    with (
        nullcontext() if service is None else Client(service, token, "rules:write") as client,
        output.progress("checking", len(texts)) as done,
    ):
        found |= zip(texts, problems_of(list(texts.values()), client, done), strict=True)
    pairs = [(path, problem) for path in paths for problem in found[path]]
    failed = any(strict or problem.severity == "error" for _, problem in pairs)
    if as_json:
        problems = [plain(path, problem) for path, problem in pairs]
        output.json({"files": len(paths), "failed": failed, "problems": problems})
    else:
        for path, problem in pairs:
            show_problem(output, path, problem)
        if not pairs:
            output.line(f"{counted(len(paths), 'rule')}, no problems")
    raise typer.Exit(1 if failed else 0)
