"""The sandbox depends on nothing above it, and its service side never loads the compiler of rules."""

# ruff: noqa: E501

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ABOVE = {"engine", "api", "cli", "examples", "bench"}


@pytest.mark.parametrize("path", sorted((ROOT / "sandbox").glob("*.py")), ids=lambda path: path.stem)
def test_the_sandbox_imports_nothing_above_it(path: Path) -> None:
    imported = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").partition(".")[0])
    assert imported & ABOVE == set()


@pytest.mark.parametrize("name", ["pool", "process", "journal", "wire", "limits", "progress"])
def test_the_service_side_does_not_load_the_compiler(name: str) -> None:
    code = (
        f"import sys, sandbox.{name}\n"
        "inside = 'RestrictedPython sandbox.compiler sandbox.transformer sandbox.pipeline sandbox.guards sandbox.exposed'\n"
        "print([module for module in inside.split() if module in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"
