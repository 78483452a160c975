"""`claimsmith test`: rules against their cases, by the path that production takes."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import AsJson, Token, UrlInstead

if TYPE_CHECKING:
    from cli.output import Output
    from cli.trials import Result, Tested


def test(
    paths: Annotated[
        list[Path], typer.Argument(help="Rules or their case files, and folders of them.", show_default=False)
    ],
    text: Annotated[
        str, typer.Option("--filter", help="Only cases with this text in `rule: case`.", show_default=False)
    ] = "",
    coverage: Annotated[
        bool, typer.Option("--coverage", help="Show which lines of each rule no case has run; on this machine only.")
    ] = False,
    junit: Annotated[Path | None, typer.Option(help="Write the results to this file, as JUnit's XML.")] = None,
    url: UrlInstead = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Run rules (`NAME.py`) against their cases (`NAME.cases.json`). Exit code 1 if one fails."""
    import msgspec

    from cli.client import Client
    from cli.coverage import covered, show_coverage
    from cli.junit import write_junit
    from cli.local import elsewhere
    from cli.output import Output
    from cli.refusal import Refused
    from cli.scripts import with_cases
    from cli.trials import results

    service = elsewhere(url)
    if coverage and service is not None:
        raise Refused("--coverage: a service does not tell which lines of a draft ran; leave out --url")
    pairs, without = with_cases(paths)
    tested = _read(pairs, text)
    output = Output()
    with (
        nullcontext() if service is None else Client(service, token, "rules:write") as client,
        output.progress("testing", len(tested)) as done,
    ):
        found = results(tested, client, done, traced=coverage)
    if junit is not None:
        write_junit(junit, found)
    if as_json:
        told = {"coverage": [msgspec.to_builtins(one) for one in covered(found)]} if coverage else {}
        output.json(_plain(found, without) | told)
    else:
        _show(output, found, without)
        if coverage:
            show_coverage(output, covered(found))
    raise typer.Exit(0 if all(result.passed for result in found) else 1)


def _read(pairs: Sequence[tuple[Path, Path]], text: str) -> list[Tested]:
    """All of them, before the first one runs."""
    from cli.refusal import Refused
    from cli.trials import Tested
    from engine.cases import read_cases
    from engine.files import read_script
    from engine.folder import modules_beside

    tested = [
        Tested(path=path, script=read_script(path), cases=read_cases(cases), modules=modules_beside(path))
        for path, cases in pairs
    ]
    chosen = [
        Tested(path=one.path, script=one.script, cases=cases, modules=one.modules)
        for one in tested
        if (cases := [case for case in one.cases if text.lower() in f"{one.path.stem}: {case.name}".lower()])
    ]
    if not chosen:
        raise Refused(f"--filter: no case has `{text}` in its name" if text else "there are no cases in these files")
    return chosen


def _show(output: Output, found: Sequence[Result], without: Sequence[Path]) -> None:
    from cli.output import BAD, GOOD, QUIET, counted

    output.table(
        ("result", "rule", "case", "ms"),
        [
            (("passed", GOOD) if result.passed else ("FAILED", BAD), result.path.stem, result.case, f"{result.ms:.1f}")
            for result in found
        ],
    )
    shown: set[Path] = set()
    for result in found:
        if not result.passed and not (result.problems and result.path in shown):
            shown.add(result.path)
            output.line()
            _explain(output, result)
    failed = sum(not result.passed for result in found)
    output.line()
    for path in without:
        output.line((f"{path} has no cases", QUIET))
    output.line(f"{counted(len(found), 'case')}: {len(found) - failed} passed, {failed} failed")


def _explain(output: Output, result: Result) -> None:
    from msgspec import UNSET

    from cli.output import BAD, GOOD, compact
    from cli.problems import show_problem

    output.line((f"{result.path.stem}: {result.case}", BAD))
    for problem in result.problems:
        show_problem(output, result.path, problem)
    for difference in result.differences:
        output.line("  ", difference.part)
        for word, value, style in (("expected", difference.expected, GOOD), ("found", difference.found, BAD)):
            output.line(f"    {word:<8}  ", ("nothing" if value is UNSET else compact(value), style))
    for step in (result.record or {"steps": []})["steps"]:
        if error := step["error"]:
            output.line(f"  the rule {step['outcome']} at {result.path}:{error['line'] or '?'}: {error['message']}")


def _plain(found: Sequence[Result], without: Sequence[Path]) -> dict[str, Any]:
    from msgspec import UNSET

    from cli.problems import plain

    return {
        "passed": sum(result.passed for result in found),
        "failed": sum(not result.passed for result in found),
        "without_cases": [str(path) for path in without],
        "results": [
            {
                "file": str(result.path),
                "rule": result.path.stem,
                "case": result.case,
                "passed": result.passed,
                "ms": result.ms,
                "problems": [plain(result.path, problem) for problem in result.problems],
                "differences": [
                    {
                        "part": one.part,
                        **{
                            word: value
                            for word, value in (("expected", one.expected), ("found", one.found))
                            if value is not UNSET
                        },
                    }
                    for one in result.differences
                ],
            }
            for result in found
        ],
    }
