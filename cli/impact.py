"""What other rules would have done, as a person reads it."""

from __future__ import annotations

from typing import Any

from cli.output import BAD, CHANGED, GOOD, Output

ROWS = 20  # of one table


def headline(found: dict[str, Any]) -> str:
    """`10,000 replayed: 37 tokens change, 2 newly denied, ...`."""
    counts = {name: found[name]["count"] for name in ("changed", "denied", "allowed", "otherwise", "failed")}
    parts = [
        f"{counts['changed']:,} tokens change",
        f"{counts['denied']:,} newly denied",
        f"{counts['allowed']:,} newly allowed",
        f"{counts['failed']:,} errors",
    ]
    if counts["otherwise"]:
        parts.insert(3, f"{counts['otherwise']:,} decided otherwise")
    if found["left_out"]:
        parts.append(f"{found['left_out']:,} left out")
    if found["not_reproducible"]["count"]:
        parts.append(f"{found['not_reproducible']['count']:,} not reproducible")
    return f"{found['replayed']:,} replayed: {', '.join(parts)}; {times(found)}"


def times(found: dict[str, Any]) -> str:
    before, after = found["p95_before"], found["p95_after"]
    return f"p95 of the rules {before:.1f} ms -> {after:.1f} ms ({after - before:+.1f} ms)"


def show_impact(output: Output, found: dict[str, Any]) -> None:
    output.line((headline(found), CHANGED if found["would_change"] else GOOD))
    for title, name in (("newly denied", "denied"), ("newly allowed", "allowed"), ("with an error", "failed")):
        if found[name]["count"]:
            output.line(f"{title}: ", (", ".join(found[name]["examples"]), BAD))
    for kind in ("rules", "claims", "clients"):
        groups = list(found[kind].items())
        if not groups:
            continue
        output.line()
        rows = [(name or "-", f"{group['count']:,}", " ".join(group["examples"][:2])) for name, group in groups[:ROWS]]
        output.table((kind[:-1], "logins", "for example"), rows)
        if len(groups) > ROWS:
            output.line(f"and {len(groups) - ROWS} more")
