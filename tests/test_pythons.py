"""The sandbox holds, and ordinary rules work, on every Python that it says it runs on."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.process import PYTHONS, SandboxUnavailable, require_known_python

ROOT = Path(__file__).resolve().parents[1]
OTHERS = [version for version in PYTHONS if version != sys.version_info[:2]]
# What a rule may say and do, and what it may not: the parts that a version of Python decides.
CORPUS = """test_escapes test_ordinary test_language test_language_table test_refused test_facades
test_confinement test_errors test_tracing""".split()
WANTED = "--no-compile -e . pytest"  # of all that is for tests, it needs no more


def interpreter(version: tuple[int, int]) -> str | None:
    """A Python of this version, on PATH or installed by pyenv: the newest patch."""
    name = "python{}.{}".format(*version)
    found = shutil.which(name)
    if found is not None and works(found, version):
        return found
    installed = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    patches = [path for path in installed.glob("{}.{}.*/bin/python3".format(*version)) if works(str(path), version)]
    return str(max(patches, key=lambda path: int(path.parts[-3].rpartition(".")[2]))) if patches else None


def works(path: str, version: tuple[int, int]) -> bool:
    """Not every name on PATH leads to a Python: pyenv's shims refuse when no version is chosen."""
    result = subprocess.run(
        [path, "-c", "import sys; print(*sys.version_info[:2])"], capture_output=True, text=True, check=False
    )
    return result.stdout.split() == [str(number) for number in version]


@pytest.mark.parametrize("version", OTHERS, ids=lambda version: "{}.{}".format(*version))
def test_the_corpus_passes_on(version: tuple[int, int]) -> None:
    python = interpreter(version)
    if python is None:
        pytest.skip("this machine has no Python {}.{}".format(*version))
    venv = ROOT / ".venv-{}.{}".format(*version)
    environ = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    setup = subprocess.run(
        ["make", "--silent", "setup", f"PYTHON={python}", f"VENV={venv}", f"WANTED={WANTED}"],
        cwd=ROOT, env=environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert setup.returncode == 0, setup.stdout + setup.stderr
    files = [f"tests/sandbox/{name}.py" for name in CORPUS]
    result = subprocess.run(
        [venv / "bin/python", "-m", "pytest", "-q", "-p", "no:cacheprovider", *files],
        cwd=ROOT, env=environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout[-20_000:] + result.stderr
    counted = re.search(r"(\d+) passed in", result.stdout)
    assert counted is not None
    assert int(counted[1]) > 500
    assert "skipped" not in result.stdout


@pytest.mark.parametrize(
    ("version", "implementation", "shown"),
    [((3, 10), "cpython", "cpython 3.10"), ((3, 14), "cpython", "cpython 3.14"), ((3, 11), "pypy", "pypy 3.11")],
)
def test_another_python_is_refused(version: tuple[int, int], implementation: str, shown: str) -> None:
    with pytest.raises(
        SandboxUnavailable, match=rf"^the sandbox runs on CPython 3\.11, 3\.12, 3\.13, and this is {shown}:"
    ):
        require_known_python(version, implementation)


def test_the_versions_are_said_in_one_way() -> None:
    declared = re.search(r'requires-python = ">=3\.(\d+),<3\.(\d+)"', (ROOT / "pyproject.toml").read_text())
    made = re.search(r"\(3, (\d+)\) <= sys\.version_info < \(3, (\d+)\)", (ROOT / "Makefile").read_text())
    assert declared is not None
    assert made is not None
    assert declared.groups() == made.groups()
    assert [(3, minor) for minor in range(*map(int, made.groups()))] == list(PYTHONS)
