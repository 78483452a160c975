"""The page of the language says what the tables say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sandbox.exposed import BUILTINS, PER_STEP
from sandbox.language import MAGIC_METHODS
from sandbox.limits import DEFAULT
from sandbox.modules import MEMBERS

README = (Path(__file__).resolve().parents[2] / "sandbox" / "README.md").read_text()
LANGUAGE = README.partition("## The language")[2].partition("## Limits")[0]


def words(text: str) -> set[str]:
    return set(re.findall(r"`([\w.]+)`", text))


def test_every_name_stands_there_and_no_other() -> None:
    listed = LANGUAGE.partition("Names:")[2].partition("Modules, each")[0]
    assert words(listed) == {*BUILTINS, *PER_STEP}


def test_every_method_of_classes_stands_there_and_no_other() -> None:
    listed = LANGUAGE.partition("They may define")[2].partition("Names:")[0]
    assert words(listed) == MAGIC_METHODS


@pytest.mark.parametrize("module", MEMBERS)
def test_every_member_of_a_module_stands_there_and_no_other(module: str) -> None:
    (row,) = (line for line in LANGUAGE.splitlines() if line.startswith(f"| `{module}` |"))
    assert words(row.split("|")[2]) == MEMBERS[module]


def test_no_other_module_stands_there() -> None:
    assert set(re.findall(r"^\| `([\w.]+)` \|", LANGUAGE, re.MULTILINE)) == set(MEMBERS)


def test_every_limit_stands_there_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| ([\d.,]+) \|$", README.partition("## Limits")[2], re.MULTILINE))
    assert rows == {name: f"{getattr(DEFAULT, name):,}" for name in DEFAULT.__struct_fields__}
