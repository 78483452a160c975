"""A real browser for tests: the system's Chromium, by Playwright.

`browser` is a fixture of one module and not of the session: for as long as Playwright's synchronous calls are there, no
other event loop can run in this thread, and other modules' tests have loops of their own.
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

INSTALL = Path(__file__).resolve().parents[2] / ".ci" / "browser"
NAMES = ("chromium", "chromium-browser", "google-chrome")
REQUIRED = os.environ.get("REQUIRE_BROWSER") == "1"
NOTHING_THERE = 3  # the exit code of .ci/browser where it can do nothing
PATIENCE = 600
# Nothing is told of what passes, which takes long; the rule is of WCAG 2.2, and not asked by default.
ASKED = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}


@functools.cache
def chromium() -> str:
    """The program: that of `CHROMIUM`, or the first there is, or one that is installed now. Without any the test that
    asks is skipped, and fails with `REQUIRE_BROWSER=1`, or where one could be installed and was not."""
    named = os.environ.get("CHROMIUM")
    if named:
        if shutil.which(named) is None:
            pytest.fail(f"CHROMIUM names {named}, which cannot be run", pytrace=False)
        return named
    for name in NAMES:
        if found := shutil.which(name):
            return found
    done = subprocess.run([INSTALL], capture_output=True, text=True, timeout=PATIENCE)
    if done.returncode == 0:
        return done.stdout.strip()
    reason = (done.stderr.strip().splitlines() or ["Chromium cannot be installed"])[-1]
    if done.returncode == NOTHING_THERE and not REQUIRED:
        pytest.skip(reason)
    pytest.fail(reason, pytrace=False)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = chromium()
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium's own does not start as root
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=arguments)
        yield started
        started.close()


def complaints(page: Page) -> list[str]:
    """From now on: what the page throws, and what the browser says against it, as at a violation of the policy."""
    heard: list[str] = []
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("console", lambda said: heard.append(said.text) if said.type in ("error", "warning") else None)
    return heard


def until(page: Page, expression: str) -> None:
    """Wait until it is true. Playwright's own way evaluates text in the page, which the policy refuses."""
    end = time.monotonic() + 15
    while not page.evaluate(f"Boolean({expression})"):
        if time.monotonic() > end:
            pytest.fail(f"it did not become true: {expression}")
        page.wait_for_timeout(10)


def barriers(page: Page) -> list[str]:
    """What axe finds against WCAG 2.2 A and AA, and its own best practices: rule and element. It takes the editor's
    list of words for a part that no key can scroll: the field's arrow keys do."""
    if not page.evaluate("Boolean(window.axe)"):
        page.evaluate(Axe().axe_script)
    found: list[dict[str, Any]] = page.evaluate(f"axe.run({json.dumps(ASKED)}).then((told) => told.violations)")
    return [
        f"{rule['id']}: {node['target']} {node['failureSummary']}"
        for rule in found
        for node in rule["nodes"]
        if not (rule["id"] == "scrollable-region-focusable" and "#cm-ac-" in str(node["target"]))
    ]
