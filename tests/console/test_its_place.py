"""The console is one more caller of the API: it knows nothing of what is behind it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.test_imports import OURS, imported

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "api" / "console"
README = (FOLDER / "README.md").read_text()
# What every answer is made with, and how a token of elsewhere is checked.
MAY_IMPORT = {"api.errors", "api.jwks", "api.request_id", "api.settings"}
MODULES = sorted(path.relative_to(ROOT) for path in FOLDER.glob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_it_imports_nothing_from_behind_the_api(path: Path) -> None:
    ours = {name for name in imported(path) if name.partition(".")[0] in OURS}
    assert {name for name in ours if not name.startswith("api.console")} <= MAY_IMPORT


@pytest.mark.parametrize(
    "name", [path.name for path in (*FOLDER.glob("*.py"), *FOLDER.glob("static/*.js")) if path.name != "__init__.py"]
)
def test_its_readme_names_every_module_and_script(name: str) -> None:
    assert f"`{name}`" in README
