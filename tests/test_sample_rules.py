"""Every sample rule compiles without a hint and does what its cases say, through the whole engine."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import pytest

from api.serve import read_folder
from engine.cases import Case, clock_of, differences, read_cases
from engine.models import PipelineRule, Transaction
from engine.recorder import NoRecorder
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
    listed = [rule.file for rule in read_folder(FOLDER).rules]
    assert sorted(listed) == [path.name for path in RULES]
    assert len(RULES) >= 10


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
async def test_compiles_without_a_problem_and_says_what_it_shows(service, path):  # type: ignore[no-untyped-def]
    script = path.read_text()
    assert script.startswith('"""')
    assert await service.authoring.check(script) == []


@pytest.mark.parametrize(("path", "case"), CASES, ids=[f"{path.stem}: {case.name}" for path, case in CASES])
async def test_case(service, path: Path, case: Case) -> None:  # type: ignore[no-untyped-def]
    script = path.read_text()
    sha256 = hashlib.sha256(script.encode()).hexdigest()
    rule = PipelineRule(id="case", name=path.stem, version=1, sha256=sha256, order=1, enabled=True, on_failure="deny")
    live = await service.service.live.revision("default")
    execution = await service.service.engine.evaluate(
        Transaction(
            tenant="default",
            user=None if case.user is None else msgspec.json.encode(case.user),
            context=msgspec.json.encode(case.context),
        ),
        revision=msgspec.structs.replace(live, rules=(rule,)),
        scripts={sha256: script},
        recorder=NoRecorder(),
        clock=clock_of(case),
    )
    assert differences(case, execution) == {}
