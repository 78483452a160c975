"""An impact as one HTML file that needs nothing else: no script, dark and light, fit to print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any

from cli.impact import GROUPS, KINDS, Group, Impact, summary
from cli.output import visible

WIDTH = 100  # of a bar, in its own units
MOST_BARS = 10  # the tables have all

STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --quiet: #59636e; --paper: #fff; --line: #d1d9e0; --bar: #0b62b8 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --quiet: #9aa5b1; --paper: #0d1117; --line: #3d444d; --bar: #6cb6ff }
}
body { color: var(--ink); background: var(--paper); font: 1rem/1.5 system-ui, sans-serif; max-width: 64rem;
  margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2.5rem }
.verdict { font-size: 1.15rem; border-left: .3rem solid var(--bar); padding-left: .8rem }
dt { color: var(--quiet) } dd { margin: 0 0 .5rem; overflow-wrap: anywhere }
.scroll { overflow-x: auto }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line) }
td, th[scope=row] { overflow-wrap: anywhere; font-weight: normal }
th[scope=row] { width: 34%; min-width: 7.5rem }
td.count { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
td.bar { width: 24%; min-width: 6rem } svg { display: block; width: 100%; height: 1.2rem } rect { fill: var(--bar) }
code { font: .85rem ui-monospace, monospace }
@media (max-width: 40rem) { td.bar, th.bar { display: none } code { display: block } }
@media print {
  :root { --ink: #000; --quiet: #333; --paper: #fff; --line: #999; --bar: #444 }
  body { margin: 0; max-width: none } tr { break-inside: avoid } thead { display: table-header-group }
  rect { print-color-adjust: exact } .scroll { overflow: visible }
}
"""


def report(impact: Impact, question: Mapping[str, Any], under: str, url: str) -> str:
    """The page. Every text in it is escaped: names of claims, rules and clients are anybody's."""
    verdict = "Something would change" if impact.would_change else "Nothing would change"
    when = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    asked = [("rules", under), ("since", question["since"]), ("until", question.get("until", when)), ("service", url)]
    asked += list(question["filter"].items())
    if "limit" in question:
        asked.append(("at most", f"{question['limit']:,}"))
    facts = "".join(f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd>" for name, value in asked)
    kinds = [("would stay as they are", Group(impact.unchanged, []))]
    kinds += [(words, impact.kind(name)) for name, (words, _) in KINDS.items()]
    if impact.left_out:
        kinds.append(("left out, for which there was no worker", Group(impact.left_out, [])))
    if impact.unreadable:
        kinds.append(("left out, whose records cannot be opened", Group(impact.unreadable, [])))
    sections = _section("What becomes of the logins", "logins", kinds, impact.replayed)
    for name, noun in GROUPS.items():
        groups = [(of or "(none)", group) for of, group in impact.groups(name).items()]
        sections += _section(f"Logins that change, by {noun}", noun, groups, None)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{verdict} – Claimsmith impact</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<h1>{verdict}</h1>
<p class="verdict">{_text(summary(impact))}</p>
<dl>{facts}<dt>made</dt><dd>{when}</dd></dl>
{sections}
<h2>How long the rules take</h2>
<p>95 of 100 logins: at most {impact.p95_before:.1f} ms then, and {impact.p95_after:.1f} ms now.</p>
</main>
</body>
</html>
"""


def _section(title: str, noun: str, groups: Sequence[tuple[str, Group]], of: int | None) -> str:
    """A table with a bar to each of the first rows; bars are drawn against `of`, or the longest of them."""
    if not groups:
        return ""
    most = of or max(group.count for _, group in groups) or 1
    rows = "".join(
        f'<tr><th scope="row">{_text(name)}</th><td class="count">{group.count:,}</td>'
        f'<td class="bar">{_bar(group.count, most) if place < MOST_BARS else ""}</td>'
        f"<td>{' '.join(f'<code>{_text(one)}</code>' for one in group.examples)}</td></tr>\n"
        for place, (name, group) in enumerate(groups)
    )
    return f"""<section>
<h2>{_text(title)}</h2>
<div class="scroll" tabindex="0" role="region" aria-label="{_text(title)}">
<table>
<thead><tr><th scope="col">{_text(noun)}</th><th scope="col">count</th><th scope="col" class="bar">share</th>
<th scope="col">for example</th></tr></thead>
<tbody>
{rows}</tbody>
</table>
</div>
</section>
"""


def _bar(count: int, most: int) -> str:
    length = WIDTH * min(count / most, 1)
    words = f"{count:,} of {most:,}"
    return (
        f'<svg viewBox="0 0 {WIDTH} 10" preserveAspectRatio="none" role="img" aria-label="{words}">'
        f'<rect width="{length:.2f}" height="10"/></svg>'
    )


def _text(value: Any) -> str:
    return escape(visible(str(value)))
