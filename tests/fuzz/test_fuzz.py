"""A short run of the fuzzing with the choices always the same; `make fuzz` is the long one."""

from __future__ import annotations

import ast
import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from sandbox.exposed import ATTRIBUTES, BUILTINS, CLASS_ATTRIBUTES, PER_STEP
from sandbox.language import SYNTAX
from sandbox.members import MEMBERS
from tests.fuzz.draw import Seeded
from tests.fuzz.laboratory import Laboratory
from tests.fuzz.mutation import attacks, mutated, ordinary
from tests.fuzz.programs import WAYS, program, programs
from tests.fuzz.shift import Shift, reproduced
from tests.fuzz.words import MAKERS, TABLE_PHRASES
from tests.fuzz.writing import written

QUICK = settings(
    max_examples=120,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
# What no script is parsed to, or what only a script that is refused has.
NEVER_WRITTEN = {name for name, (allowed, _) in SYNTAX.items() if not allowed}


@pytest.fixture(scope="module")
def laboratory() -> Iterator[tuple[asyncio.Runner, Laboratory]]:
    with asyncio.Runner() as runner:
        laboratory = Laboratory()
        runner.run(laboratory.start())
        yield runner, laboratory
        runner.run(laboratory.close())


@QUICK
@given(programs())
def test_programs(laboratory: tuple[asyncio.Runner, Laboratory], script: str) -> None:
    runner, place = laboratory
    assert runner.run(reproduced(place, script.replace("CANARY_FILE", str(place.file)), len(script))) == []


def test_many_programs_are_accepted_and_many_pass() -> None:
    shift = Shift("many")
    asyncio.run(shift.work(480))
    counts = shift.counts
    assert shift.findings == {}
    assert counts["programs"] == 480
    assert counts["refused"] < 240
    assert counts["passed"] > 100
    assert set(WAYS) == {name.removeprefix("made: ") for name in counts if name.startswith("made: ")}


def test_a_program_is_known_by_its_seed() -> None:
    assert [program(Seeded(f"x:{n}")) for n in range(50)] == [program(Seeded(f"x:{n}")) for n in range(50)]


def test_every_row_of_the_tables_has_a_phrase() -> None:
    rows = {*BUILTINS, *PER_STEP}
    rows |= {f"{kind.__name__}().{name}" for kind, names in ATTRIBUTES.items() for name in names}
    rows |= {f"{kind.__name__}.{name}" for kind, names in CLASS_ATTRIBUTES.items() for name in names}
    rows |= {f"{module}.{name}" for module, names in MEMBERS.items() for name in names}
    assert rows - TABLE_PHRASES.keys() - MEMBERS.keys() == set()  # a module inside another is imported


def test_every_type_with_attributes_can_be_made() -> None:
    assert [kind for kind in ATTRIBUTES if kind not in MAKERS] == []


def test_every_allowed_syntax_is_written() -> None:
    seen: set[str] = set()
    for number in range(1500):
        try:
            tree = ast.parse(written(Seeded(f"syntax:{number}")))
        except (SyntaxError, ValueError):
            continue
        seen.update(type(node).__name__ for node in ast.walk(tree))
    assert SYNTAX.keys() - seen - NEVER_WRITTEN == set()


def test_mutations_keep_what_they_do_not_change() -> None:
    others = (*attacks(), *ordinary())
    changed = [mutated(Seeded(f"m:{n}"), script, others) for n, script in enumerate(ordinary())]
    assert sum(new != old for new, old in zip(changed, ordinary(), strict=True)) > len(changed) * 0.9
    assert sum("def rule(" in new for new in changed) > len(changed) * 0.8


def test_the_command_runs_and_says_what_came_of_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.fuzz", "--minutes", "0", "--programs", "64", "--processes", "1"]
    command += ["--seed", "command", "--out", str(tmp_path), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    summary = json.loads(done.stdout)
    assert summary["programs"] >= 64
    assert summary["findings"] == {}
    assert sum(count for name, count in summary["outcomes"].items() if name != "compiled alone") >= 64
    assert list(tmp_path.iterdir()) == []
