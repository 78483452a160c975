"""Every sample rule compiles without a hint and does what its cases say, through the whole engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.cases import Case, differences, read_cases, run_case
from engine.folder import read_folder
from sandbox import timeline
from tests.service import running

pytestmark = pytest.mark.anyio

FOLDER = Path(__file__).parent.parent / "sample_rules"
RULES = sorted(FOLDER.glob("*.py"))
CASES = [(path, case) for path in RULES for case in read_cases(path.with_suffix(".cases.json"))]


@pytest.fixture(scope="module")
async def service(tmp_path_factory, anyio_backend):  # type: ignore[no-untyped-def]
    async with running(tmp_path_factory.mktemp("samples")) as service:
        yield service


def test_the_folder_is_complete() -> None:
    listed = [f"{rule.name}.py" for rule in read_folder(FOLDER)]
    assert sorted(listed) == [path.name for path in RULES]
    assert len(RULES) >= 10


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
async def test_compiles_without_a_problem_and_says_what_it_shows(service, path):  # type: ignore[no-untyped-def]
    script = path.read_text()
    assert script.startswith('"""')
    assert await service.authoring.check(script) == []


@pytest.mark.parametrize(("path", "case"), CASES, ids=[f"{path.stem}: {case.name}" for path, case in CASES])
@pytest.mark.parametrize("traced", [False, True])
async def test_case(service, path: Path, case: Case, traced: bool) -> None:  # type: ignore[no-untyped-def]
    execution = await run_case(service.service.engine, path.stem, path.read_text(), case, traced=traced)
    assert differences(case, execution) == {}
    lines = timeline.read(execution.timeline)
    assert bool(lines) == (traced and case.user is not None)
    assert not any(line.truncated for line in lines)
