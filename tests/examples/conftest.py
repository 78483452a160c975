"""Installs node-oidc-provider beside its example, once. Where it cannot be had its tests are skipped, in one line."""

from __future__ import annotations

import functools
import subprocess
from pathlib import Path

import pytest

from tests.node import absent

SETUP = Path(__file__).parents[2] / "examples" / "node-oidc-provider" / "setup"


@pytest.fixture(scope="session")
def installed() -> None:
    """For tests that need node-oidc-provider: the hook below has seen to it."""


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    # Not in the fixture: the summary names each test that a fixture skips in a line of its own.
    if "installed" in getattr(item, "fixturenames", ()) and (reason := missing()):
        absent(reason)


@functools.cache
def missing() -> str:
    """Why node-oidc-provider is not there, in one line; empty where it is."""
    done = subprocess.run(["/bin/sh", SETUP], capture_output=True, text=True, timeout=300)
    if done.returncode == 3:
        return done.stdout.strip()
    assert done.returncode == 0, done.stdout + done.stderr
    return ""
