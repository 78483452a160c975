"""The figures as pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.sections import OURS

Rows = list[dict[str, Any]]


def draw(found: dict[str, Rows], folder: Path) -> list[Path]:
    """SVG files for the sections that were measured."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot

    made = []

    def save(name: str) -> None:
        path = folder / f"{name}.svg"
        pyplot.tight_layout()
        pyplot.savefig(path)
        pyplot.close()
        made.append(path)

    if main := found.get("main"):
        ordered = sorted(main, key=lambda row: row["x"])
        pyplot.figure(figsize=(8, 4))
        colours = ["tab:orange" if row["variant"].startswith(OURS) else "tab:blue" for row in ordered]
        pyplot.barh([row["variant"] for row in ordered], [row["x"] for row in ordered], color=colours)
        pyplot.xlabel("requests a second, bare Starlette = 1 (16 connections, 3 KB, five rules)")
        save("throughput")
    if rows := found.get("open"):
        pyplot.figure(figsize=(8, 4))
        for name in dict.fromkeys(row["variant"] for row in rows):
            own = [row for row in rows if row["variant"] == name]
            pyplot.plot([row["requests/s"] for row in own], [row["p99 µs"] / 1000 for row in own], "o-", label=name)
        pyplot.xscale("log")
        pyplot.yscale("log")
        pyplot.xlabel("requests a second, at random moments")
        pyplot.ylabel("p99 (ms)")
        pyplot.legend(fontsize="small")
        save("open-load")
    for section, column in (("rules", "rules"), ("sizes", "body"), ("connections", "connections")):
        if rows := found.get(section):
            pyplot.figure(figsize=(8, 4))
            for name in dict.fromkeys(row["variant"] for row in rows):
                own = [row for row in rows if row["variant"] == name]
                pyplot.plot([row[column] for row in own], [row["CPU µs"] for row in own], "o-", label=name)
            pyplot.xscale("log")
            pyplot.yscale("log")
            pyplot.xlabel(column)
            pyplot.ylabel("CPU for a request (µs)")
            pyplot.legend(fontsize="small")
            save(section)
    return made
