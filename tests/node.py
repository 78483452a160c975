"""Node.js for tests. Where it or a package of it cannot be had, tests that need it are skipped, and say so in one line;
with `REQUIRE_NODE` they fail, so that CI runs all of them."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from pathlib import Path

import pytest

NODE = shutil.which("node")
WITHOUT = "Node.js is not installed"
REQUIRED = bool(os.environ.get("REQUIRE_NODE"))
QUIETLY = "--loglevel=error --no-audit --no-fund --no-update-notifier --prefer-offline".split()

needs_node = pytest.mark.skipif(NODE is None and not REQUIRED, reason=WITHOUT)


def absent(reason: str) -> None:
    """End a test that needs what is not there."""
    if REQUIRED:
        pytest.fail(reason)
    pytest.skip(reason)


@functools.cache
def install(folder: Path, *, locked: bool = False) -> str:
    """Install what the package.json in the folder names, or exactly what its package-lock.json does, once. Why that
    cannot be done; empty where it was."""
    npm = shutil.which("npm")
    if NODE is None or npm is None:
        return WITHOUT
    if (folder / "node_modules").is_dir():
        return ""
    how = ["ci", "--ignore-scripts"] if locked else ["install", "--no-package-lock"]
    done = subprocess.run([npm, *how, *QUIETLY], cwd=folder, capture_output=True, text=True, timeout=300)
    return f"npm cannot install what {folder.name}/package.json names" if done.returncode else ""
