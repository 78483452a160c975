"""`python -m bench`: what a login costs, here and with what one could take instead."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from bench import plots, recording, replaying, sections
from bench.load import has_wrk
from bench.sections import BARE, ISOLATED, NODE_VM, ONE, OURS, VARIANTS, Plan
from bench.targets import targets

SECTIONS = tuple("main latency open rules sizes connections cold tenants records million replays".split())
WITH_ALL = ("main", "latency", "open")
FEW = {name: VARIANTS[name] for name in (BARE, OURS)}

app = typer.Typer(add_completion=False)


@app.command()
def main(
    rounds: Annotated[int, typer.Option(help="How often each variant has its turn.", min=1)] = 7,
    seconds: Annotated[float, typer.Option(help="How long each turn is.", min=0.5)] = 2.0,
    only: Annotated[str, typer.Option(help=f"Some of {', '.join(SECTIONS)}, with commas.")] = ",".join(SECTIONS),
    quick: Annotated[bool, typer.Option("--quick", help="Fewer rounds, and 100 tenants at most.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The figures as JSON on standard output.")] = False,
    out: Annotated[Path, typer.Option(help="Where figures and plots go.")] = Path("build/bench"),
) -> None:
    """Compare in alternating rounds. All variants have to give the same claims first."""
    notes = Console(stderr=True)
    wanted = [name for name in only.split(",") if name]
    if unknown := [name for name in wanted if name not in SECTIONS]:
        notes.print(f"there is no section `{unknown[0]}`: there are {', '.join(SECTIONS)}")
        raise typer.Exit(2)
    if not has_wrk():
        notes.print(
            "no `wrk` here (Debian: apt-get install wrk): our own generator is used, which takes more of the machine"
        )
    found: dict[str, Any] = {}
    with notes.status("starting") as status:
        plan = Plan(2 if quick else rounds, 1.0 if quick else seconds, lambda text: status.update(text))
        if any(name in wanted for name in WITH_ALL):
            _with_all(wanted, plan, found)
        if "rules" in wanted:
            found["rules"] = sections.rules(plan)
        if "sizes" in wanted or "connections" in wanted:
            with sections.started(FEW) as running:
                if "sizes" in wanted:
                    found["sizes"] = sections.sizes(running, plan)
                if "connections" in wanted:
                    found["connections"] = sections.connections(running, plan)
        if "cold" in wanted:
            found["cold"] = sections.cold(plan)
        if "tenants" in wanted:
            found["tenants"] = sections.tenants(plan, (1, 100) if quick else (1, 100, 1000))
        if "records" in wanted:
            found["records"] = recording.records(plan)
        if "million" in wanted:
            found["million"] = recording.million(plan, 50_000 if quick else 1_000_000)
        if "replays" in wanted:
            found["replays"] = replaying.replays(plan, 5_000 if quick else 100_000)
    found["failed"] = [{"what": what} for what in plan.failed]
    found["targets"] = targets(found)
    out.mkdir(parents=True, exist_ok=True)
    (out / "figures.json").write_text(json.dumps(found, indent=2, ensure_ascii=False))
    made = plots.draw(found, out)
    if as_json:
        sys.stdout.write(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    else:
        show(found)
    notes.print(f"figures and plots: {', '.join(map(str, [out / 'figures.json', *made]))}")


def _with_all(wanted: list[str], plan: Plan, found: dict[str, Any]) -> None:
    with sections.started(sections.available()) as running:
        found["the same claims, bodies"] = sections.require_same(running, plan.say)
        if "main" in wanted or "open" in wanted:
            found["main"] = sections.main(running, plan)
        if "latency" in wanted:
            found["latency"] = sections.latency(running, plan)
        if "open" in wanted:
            saturation = {row["variant"]: row["requests/s"] for row in found["main"]}
            some = {name: running[name] for name in (BARE, OURS, ONE, ISOLATED, NODE_VM) if name in running}
            found["open"] = sections.open_load(some, plan, saturation)


def show(found: dict[str, Any]) -> None:
    terminal = sys.stdout.isatty()
    console = Console(width=None if terminal else 130)
    for section, rows in found.items():
        if not isinstance(rows, list):
            console.print(f"{section}: {rows}")
            continue
        if not rows:
            continue
        table = Table(title=section, box=box.HEAVY_HEAD if terminal else None, title_justify="left")
        for column, value in rows[0].items():
            table.add_column(column, justify="left" if isinstance(value, str) else "right")
        for row in rows:
            table.add_row(*(_shown(value) for value in row.values()))
        console.print(table)


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"
    return str(value)


if __name__ == "__main__":
    app()
