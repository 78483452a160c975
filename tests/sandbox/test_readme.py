"""The page of the language says what the tables say."""

from __future__ import annotations

import itertools
import re
import types
from pathlib import Path

import pytest

from sandbox import limits
from sandbox.exposed import BUILTINS, CLASSES, PER_STEP, VALUES, Row
from sandbox.guards import DICT_CHANGES, LIST_CHANGES
from sandbox.language import MAGIC_METHODS
from sandbox.limits import DEFAULT
from sandbox.members import MODULES
from sandbox.modules import Modules

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


def module_rows() -> list[str]:
    return [
        f"| `{module}` | {marked(names)} | {reason} |" for module, rows in MODULES.items() for names, reason in rows
    ]


def attribute_rows(rows: tuple[Row, ...]) -> list[str]:
    return [f"| {marked(label(kinds))} | {marked(names)} | {reason} |" for kinds, names, reason in rows]


def marked(names: str) -> str:
    return " ".join(f"`{name}`" for name in names.split())


def label(kinds: tuple[type, ...]) -> str:
    """The types as authors know them: some have a name of their own in C, or another one in a later Python."""
    own = {kind: "hashlib.*" for kind in kinds if kind.__module__ in ("_hashlib", "_blake2", "_sha3")}
    own |= {re.error: "re.error", types.GeneratorType: "generator"}
    return " ".join(dict.fromkeys(own.get(kind, kind.__name__) for kind in kinds))


def table(heading: str) -> list[str]:
    lines = LANGUAGE.partition(f"| {heading} |")[2].splitlines()[2:]
    return list(itertools.takewhile(lambda line: line.startswith("|"), lines))


def test_every_member_of_a_module_stands_there_with_its_reason_and_no_other() -> None:
    assert table("module") == module_rows()


@pytest.mark.parametrize(("heading", "rows"), [("value", VALUES), ("class", CLASSES)])
def test_every_attribute_stands_there_with_its_reason_and_no_other(heading: str, rows: tuple[Row, ...]) -> None:
    assert table(heading) == attribute_rows(rows)


@pytest.mark.parametrize(("kind", "changes"), [("a dict", DICT_CHANGES), ("a list", LIST_CHANGES)])
def test_every_recorded_method_stands_there_and_no_other(kind: str, changes: dict[str, object]) -> None:
    sentence = LANGUAGE.partition("Attributes of values")[2].partition(f"{kind} has")[2].partition(";")[0]
    assert words(sentence) == set(changes)


def test_every_attribute_that_depends_on_the_execution_stands_there_and_no_other() -> None:
    sentence = LANGUAGE.partition("Attributes of classes.")[2].partition("|")[0]
    special = Modules(0, b"", 0, lambda holder, act: act()).special
    assert words(sentence) == {kind.__name__ for kind, _ in special} | {name for _, name in special}


def test_every_limit_stands_there_with_its_default() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| ([\d.,]+) \| (\w+) \| .* \| (.*) \|$", README.partition("## Limits")[2], re.MULTILINE
    )
    assert rows == [
        (name, f"{getattr(DEFAULT, name):,}", row.unit, row.enforced) for name, row in limits.table().items()
    ]
