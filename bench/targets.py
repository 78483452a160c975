"""What the service is to reach, beside what was measured."""

from __future__ import annotations

from typing import Any

from bench.sections import BARE, COMPILED, ISOLATED, NAIVE, NODE_VM, ONE, OURS, TRUSTED

Rows = dict[str, list[dict[str, Any]]]


def targets(found: Rows) -> list[dict[str, Any]]:
    """A row for each target whose section was measured."""
    main = {row["variant"]: row for row in found.get("main", [])}
    one = {row["variant"]: row for row in found.get("latency", [])}
    rows = []

    def row(what: str, target: str, value: float, met: bool) -> None:
        rows.append({"what": what, "target": target, "measured": value, "met": "yes" if met else "no"})

    if main:
        ours = main[OURS]
        row("requests/s against bare Starlette", "at least 0.8", ours["x"], ours["x"] >= 0.8)
        row("CPU for a request against bare Starlette", "at most 1.7", ours["CPU x"], ours["CPU x"] <= 1.7)
        for name, least in (
            (TRUSTED, 1.3),
            (NODE_VM, 20.0),
            (ISOLATED, 0.9),
            (COMPILED, 10.0),
            (NAIVE, 9.0),
        ):
            if name in main:
                value = ours["x"] / main[name]["x"]
                row(f"requests/s against {name}", f"at least {least:g}", value, value >= least)
        if ONE in main:
            row(
                "a process for each: requests/s",
                "at least 1,000",
                main[ONE]["requests/s"],
                main[ONE]["requests/s"] >= 1000,
            )
    if one:
        added = (one[OURS]["p50 µs"] - one[BARE]["p50 µs"]) / 1000
        row("added median latency, one connection (ms)", "at most 0.1", added, added <= 0.1)
        if ONE in one:
            value = one[ONE]["p50 µs"] / 1000
            row("a process for each: median latency (ms)", "at most 1.5", value, value <= 1.5)
    if rules := [each for each in found.get("rules", []) if each["variant"] == OURS]:
        first, last = rules[0], rules[-1]
        value = (last["CPU µs"] - first["CPU µs"]) / (last["rules"] - first["rules"])
        row("CPU of one more rule (µs)", "at most 6", value, value <= 6)
    for each in found.get("open", []):
        if each["variant"] == OURS and each["of its most"] == 0.5:
            row("p99 / p50 at half of the most", "at most 4", each["p99/p50"], each["p99/p50"] <= 4)
    for each in found.get("tenants", []):
        if each["tenants"] == 1000:
            row(
                "memory of 1,000 tenants, 100 active (MB)",
                "at most 1,074",
                each["memory MB"],
                each["memory MB"] <= 1074,
            )
    for each in found.get("cold", []):
        if each["what"].startswith("a tenant's first login"):
            row("a tenant's first login (ms)", "at most 15", each["ms"], each["ms"] <= 15)
    return rows
