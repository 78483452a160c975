"""`python -m tests.fuzz`: fuzz the sandbox until the time and the count are both reached."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from tests.fuzz.campaign import Campaign, processors
from tests.fuzz.findings import Finding
from tests.fuzz.laboratory import Laboratory
from tests.fuzz.shift import reproduced

app = typer.Typer(add_completion=False)


@app.command()
def main(
    minutes: Annotated[float, typer.Option(help="Run at least so long.")] = 60.0,
    programs: Annotated[int, typer.Option(help="Run at least so many programs.")] = 1_000_000,
    seed: Annotated[str, typer.Option(help="What the programs are made of; a new one when it is left out.")] = "",
    processes: Annotated[
        int, typer.Option(help="Processes that make and run programs; 0: one for each processor.")
    ] = 0,
    frames: Annotated[bool, typer.Option(help="Fuzz the frames between service and workers, too.")] = True,
    out: Annotated[Path, typer.Option(help="Where findings go.")] = Path("build/fuzz"),
    reproduce: Annotated[
        Path | None, typer.Option(help="Try the script of one finding again, and nothing else.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The summary as JSON on standard output.")] = False,
) -> None:
    """Programs from the grammar and the corpora, through the real compiler and workers. Exits 1 for a finding."""
    console = Console(stderr=as_json)
    if reproduce is not None:
        raise typer.Exit(_again(reproduce, console))
    campaign = Campaign(seed or secrets.token_hex(4), processes or processors(), frames, out)
    console.print(f"seed {campaign.seed}, {minutes:g} minutes and {programs:,} programs at least; findings go to {out}")
    campaign.run(minutes, programs, console)
    summary = campaign.summary()
    if as_json:
        sys.stdout.write(json.dumps(summary, indent=2) + "\n")
    _report(summary, console)
    raise typer.Exit(1 if summary["findings"] else 0)


def _report(summary: dict[str, object], console: Console) -> None:
    for name, value in summary.items():
        text = ", ".join(f"{key} {count:,}" for key, count in value.items()) if isinstance(value, dict) else f"{value}"
        console.print(f"{name:<12}{text or 'none'}", soft_wrap=True, markup=False)


def _again(path: Path, console: Console) -> int:
    """Run the script of a finding three times, once for every login."""
    text = path.read_text()
    head = re.match(r"# [^\n]*\n(#   [^\n]*\n)*# origin: [^\n]*\n", text)
    script = text[head.end() :] if head else text

    async def tries() -> list[Finding]:
        laboratory = Laboratory()
        await laboratory.start()
        try:
            return [finding for login in range(3) for finding in await reproduced(laboratory, script, login)]
        finally:
            await laboratory.close()

    findings = asyncio.run(tries())
    for finding in findings:
        console.print(
            f"{finding.kind}: {finding.detail} (login {finding.origin.rpartition(':')[2]})",
            markup=False,
            soft_wrap=True,
        )
    if not findings:
        console.print("nothing is wrong with it")
    return 1 if findings else 0


app()
