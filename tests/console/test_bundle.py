"""What browsers load is what its sources build, and what the editor completes is what the sandbox has."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from api.console.editor.words import words
from tests.node import NODE, absent, install, needs_node

CONSOLE = Path(__file__).resolve().parents[2] / "api" / "console"
STATIC = CONSOLE / "static"
BUILT = ("LICENSES.txt", "editor.js", "htmx.js")


@needs_node
def test_the_committed_bundle_is_what_its_sources_build(tmp_path: Path) -> None:
    sources, out = tmp_path / "editor", tmp_path / "static"
    shutil.copytree(CONSOLE / "editor", sources, ignore=shutil.ignore_patterns("node_modules"))
    if reason := install(sources, locked=True):
        absent(reason)
    assert NODE is not None
    subprocess.run([NODE, "build.mjs", out], cwd=sources, check=True, timeout=120)
    assert sorted(path.name for path in out.iterdir()) == sorted(BUILT)
    for name in BUILT:
        assert (out / name).read_bytes() == (STATIC / name).read_bytes(), (
            f"{name} is not what its sources build: make console"
        )


def test_the_words_are_those_of_the_tables() -> None:
    assert json.loads((STATIC / "words.json").read_bytes()) == words(), "make console"


def test_versions_are_exact_and_no_registry_is_named() -> None:
    package = json.loads((CONSOLE / "editor" / "package.json").read_bytes())
    wanted = package["dependencies"] | package["devDependencies"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted.values())
    lock = json.loads((CONSOLE / "editor" / "package-lock.json").read_bytes())["packages"]
    assert {name: lock[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    assert all("integrity" in entry and "resolved" not in entry for name, entry in lock.items() if name)
    assert not re.search(rb"https?://", (CONSOLE / "editor" / "package-lock.json").read_bytes())


@pytest.mark.parametrize("name", ["editor.js", "htmx.js"])
def test_what_is_served_names_no_source_map(name: str) -> None:
    assert b"sourceMappingURL" not in (STATIC / name).read_bytes()
