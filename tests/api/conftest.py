"""Says at the end of a run what became of the calls that were made up."""

from __future__ import annotations

import pytest

PROPERTY = "made up"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in terminalreporter.stats.get("passed", ()):
        for name, value in report.user_properties:
            if name == PROPERTY:
                terminalreporter.write_line(f"made up from the API's document, {value}")
