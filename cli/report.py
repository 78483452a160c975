"""A report of what other rules would have done: one HTML file that needs nothing else."""

from __future__ import annotations

import html
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cli.impact import headline
from cli.output import visible
from cli.refusal import Refused

ROWS = 100
KINDS = (
    ("unchanged", "as before"), ("changed", "tokens change"), ("denied", "newly denied"), ("allowed", "newly allowed"),
    ("otherwise", "decided otherwise"), ("left_out", "left out"),
)  # fmt: skip
STYLE = """
:root { color-scheme: light dark; --line: #8886; --bar: #3b6ea8; }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0 2rem; }
caption { text-align: left; font-weight: 600; padding: .3rem 0; }
th, td { text-align: left; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
td code { overflow-wrap: anywhere; }
svg { display: block; } rect { fill: var(--bar); }
@media print { body { margin: 0; max-width: none; } }
"""


def write_report(path: Path, question: dict[str, Any], found: dict[str, Any]) -> None:
    """Raises `Refused` where the file cannot be written."""
    try:
        path.write_text(report(question, found), encoding="utf-8")
    except OSError as exc:
        raise Refused(f"--html: {path}: {(exc.strerror or type(exc).__name__).lower()}") from None


def report(question: dict[str, Any], found: dict[str, Any]) -> str:
    """Everything that comes from rules or logins is escaped; there is no script."""
    under = f"revision {question['revision']}" if "revision" in question else "other rules"
    when = f"since {question['since']}" + (f" until {question['until']}" if "until" in question else "")
    counts = [(text, _count(found[name])) for name, text in KINDS]
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
        f"<title>Impact: {_text(under)}</title><style>{STYLE}</style></head><body><main>",
        f"<h1>What {_text(under)} would have done</h1>",
        f"<p>{_text(headline(found))}</p>",
        f"<p>Logins {_text(when)}, replayed {datetime.now(UTC):%Y-%m-%d %H:%M} UTC.</p>",
        _table("Decisions and tokens", "outcome", [(name, count, []) for name, count in counts]),
    ]
    for kind in ("rules", "claims", "clients"):
        rows = [(name or "-", group["count"], group["examples"]) for name, group in found[kind].items()]
        if rows:
            parts.append(_table(f"Changed logins by {kind[:-1]}", kind[:-1], rows[:ROWS]))
    for name, title in (("denied", "Newly denied"), ("allowed", "Newly allowed"), ("failed", "With an error")):
        if found[name]["count"]:
            ids = ", ".join(f"<code>{_text(one)}</code>" for one in found[name]["examples"])
            parts.append(f"<h2>{title}</h2><p>{ids}</p>")
    return "\n".join([*parts, "</main></body></html>", ""])


def _table(title: str, column: str, rows: list[tuple[str, int, list[str]]]) -> str:
    most = max((count for _, count, _ in rows), default=0) or 1
    lines = [
        f"<table><caption>{_text(title)}</caption><thead><tr><th scope=col>{_text(column)}</th>",
        "<th scope=col>logins</th><td></td><th scope=col>for example</th></tr></thead><tbody>",
    ]
    for name, count, examples in rows:
        width = round(160 * count / most)
        bar = f'<svg width="160" height="12" aria-hidden="true"><rect width="{width}" height="12" rx="2"/></svg>'
        ids = " ".join(f"<code>{_text(one)}</code>" for one in examples[:2])
        lines.append(
            f"<tr><th scope=row>{_text(name)}</th><td class=number>{count:,}</td><td>{bar}</td><td>{ids}</td></tr>"
        )
    return "\n".join([*lines, "</tbody></table>"])


def _count(value: Any) -> int:
    return int(value["count"] if isinstance(value, dict) else value)


def _text(text: str) -> str:
    return html.escape(visible(str(text)))
