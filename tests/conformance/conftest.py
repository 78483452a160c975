"""Says at the end of a run how the published cases came out."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.conformance.translations import DIFFERS

PROPERTY = "conformance"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    counts: Counter[str] = Counter()
    for report in terminalreporter.stats.get("passed", ()):
        counts.update(str(value) for name, value in report.user_properties if name == PROPERTY)
    if not counts:
        return
    reasons = "; ".join(f"{case} ({reason})" for case, reason in DIFFERS.items())
    terminalreporter.write_line(
        f"Auth0's cases: {counts['as it is']} pass as they are, {counts['translated']} by a translation, "
        f"{counts['differs']} differ" + (f": {reasons}" if counts["differs"] else "")
    )
