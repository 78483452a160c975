"""Every sample rule, those of the gallery too, compiles without a hint and does what its cases say, through the whole
engine."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine.cases import Case, read_cases, run_case
from engine.expecting import differences
from engine.folder import modules_beside, read_folder, read_modules, unlisted
from sandbox import timeline
from tests.service import running

pytestmark = pytest.mark.anyio

SAMPLES = Path(__file__).parent.parent / "sample_rules"
FOLDERS = [SAMPLES, SAMPLES / "gallery"]
RULES = [path for folder in FOLDERS for path in sorted(folder.glob("*.py"))]
CASES = [(path, case) for path in RULES for case in read_cases(path.with_suffix(".cases.json"))]


def name_of(path: Path) -> str:
    return path.relative_to(SAMPLES).with_suffix("").as_posix()


@pytest.fixture(scope="module")
async def service(tmp_path_factory, anyio_backend):  # type: ignore[no-untyped-def]
    async with running(tmp_path_factory.mktemp("samples")) as service:
        yield service


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_folder_is_complete(folder: Path) -> None:
    rules = read_folder(folder)
    assert {rule.name for rule in rules} == {path.stem for path in folder.glob("*.py")}
    assert [rule.order for rule in rules] == sorted({rule.order for rule in rules})
    assert unlisted(folder, rules) == []
    assert len(rules) >= 10


def test_the_gallery_runs_nowhere_by_itself() -> None:
    """It is no part of the folder above it, and nobody wants all of it."""
    assert not {rule.script for rule in read_folder(SAMPLES)} & {rule.script for rule in read_folder(FOLDERS[1])}
    assert not any(rule.enabled for rule in read_folder(FOLDERS[1]))


@pytest.mark.parametrize("path", RULES, ids=name_of)
def test_its_folder_says_what_it_is_and_what_it_needs(path: Path) -> None:
    """In one row, with every value of the configuration that it reads, which the rule says at its top as well."""
    readme = (path.parent / "README.md").read_text()
    rows = [line for line in readme.splitlines() if f"| {path.stem} |" in line]
    assert len(rows) == 1
    script = path.read_text()
    docstring = script.split('"""')[1]
    for name in re.findall(r'configuration(?:\.get\("|\[")?\.?([A-Z][A-Z_]+)', script.replace(docstring, "")):
        assert f"`{name}`" in rows[0]
        assert f"`{name}`" in docstring


@pytest.mark.parametrize("path", RULES, ids=name_of)
async def test_compiles_without_a_problem_and_says_what_it_shows(service, path):  # type: ignore[no-untyped-def]
    script = path.read_text()
    assert script.startswith('"""')
    assert await service.validity.check(script, None, modules_beside(path)) == []


@pytest.mark.parametrize("name", read_modules(SAMPLES))
async def test_a_module_compiles_without_a_problem_and_says_what_it_is_for(service, name):  # type: ignore[no-untyped-def]
    modules = read_modules(SAMPLES)
    assert modules[name].startswith('"""')
    assert await service.validity.check(modules[name], None, modules, module=name) == []
    assert f"| `modules/{name}.py` |" in (SAMPLES / "README.md").read_text()


@pytest.mark.parametrize(("path", "case"), CASES, ids=[f"{name_of(path)}: {case.name}" for path, case in CASES])
@pytest.mark.parametrize("traced", [False, True])
async def test_case(service, path: Path, case: Case, traced: bool) -> None:  # type: ignore[no-untyped-def]
    modules = modules_beside(path)
    execution = await run_case(
        service.service.engine, path.stem, path.read_text(), case, modules=modules, traced=traced
    )
    assert differences(case, execution) == {}
    lines = timeline.read(execution.timeline)
    assert bool(lines) == (traced and case.user is not None)
    assert not any(line.truncated for line in lines)
