"""Imports go one way, api -> engine -> sandbox, and the service never loads what reads or runs rules."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# Each package may import itself and those after it; what the user's own programs import is in `cli` and `examples`.
MAY_IMPORT = {
    "sandbox": {"sandbox"},
    "engine": {"engine", "sandbox"},
    "api": {"api", "engine", "sandbox"},
    "cli": {"cli", "api", "engine", "sandbox"},
    "examples": {"examples", "cli", "api", "engine", "sandbox"},
}
OURS = {*MAY_IMPORT, "tests", "bench"}
MODULES = sorted(
    path.relative_to(ROOT)
    for package in MAY_IMPORT
    for path in (ROOT / package).rglob("*.py")
    if path.is_file() and "node_modules" not in path.parts
)
# Compiling, unmarshalling and running rules, and how workers are confined and forked.
INSIDE = """RestrictedPython sandbox.checks sandbox.classes sandbox.compiler sandbox.exposed sandbox.guards
sandbox.language sandbox.modules sandbox.opcodes sandbox.outline sandbox.paths sandbox.pipeline sandbox.shared
sandbox.tracing sandbox.transformer sandbox.worker sandbox.zygote""".split()
# Of the sandbox, what the layers above may know: how to ask a pool, and how to read what it answers.
SEAM = {
    "sandbox.brokering",
    "sandbox.durations",
    "sandbox.exchanges",
    "sandbox.journal",
    "sandbox.limits",
    "sandbox.plain",
    "sandbox.pool",
    "sandbox.process",
    "sandbox.processors",
    "sandbox.timeline",
    "sandbox.wire",
}


def imported(path: Path) -> set[str]:
    """The dotted names of all modules that a file imports, also inside functions."""
    names = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            module = node.module or ""
            # `from sandbox import journal` imports a module too.
            submodules = {f"{module}.{alias.name}" for alias in node.names}
            names |= {name for name in submodules if is_module(name)} or {module}
    return names


def is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def test_all_packages_are_looked_at() -> None:
    assert {path.parts[0] for path in MODULES} == set(MAY_IMPORT)
    assert len(MODULES) > 50


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_imports_go_one_way(path: Path) -> None:
    found = {name for name in imported(path) if name.partition(".")[0] in OURS}
    assert {name.partition(".")[0] for name in found} <= MAY_IMPORT[path.parts[0]]


@pytest.mark.parametrize("path", [path for path in MODULES if path.parts[0] == "engine"], ids=str)
def test_the_engine_knows_the_sandbox_by_its_seam(path: Path) -> None:
    assert {name for name in imported(path) if name.startswith("sandbox")} <= SEAM


@pytest.mark.parametrize("path", [path for path in MODULES if path.parts[0] != "sandbox"], ids=str)
def test_only_the_sandbox_reads_code(path: Path) -> None:
    """Rule code is bytes to everybody else."""
    assert imported(path).isdisjoint({"marshal", "pickle", "ast", "dis", "RestrictedPython"})
    calls = [
        node.func.id
        for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]
    assert not {"exec", "eval", "compile"} & set(calls)


def test_the_service_does_not_load_what_runs_rules() -> None:
    code = f"import api.app, api.serve, sys; print([name for name in {INSIDE!r} if name in sys.modules])"
    assert run(code) == "[]\n"


def test_the_issues_own_check() -> None:
    assert run("import api.app, sys; print('RestrictedPython' in sys.modules)") == "False\n"


def run(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    ).stdout
