"""The gallery: rules to start from, with their cases, as they come with Claimsmith.

Scripts are text here: nothing of one is compiled, and its docstring is what stands before the next three quotes. What a
rule is for and needs is said by the tables of the gallery's README.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import NamedTuple

import msgspec

from engine.files import read_json
from engine.folder import read_folder
from engine.models import OnFailure

# Beside the packages, in the repository and where these are installed.
GALLERY = Path(__file__).parent.parent / "sample_rules" / "gallery"
QUOTES = '"""'


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """`description` has paragraphs; `configuration` are names of values that it reads; `cases` is a JSON array."""

    name: str
    title: str
    description: str
    category: str
    configuration: tuple[str, ...]
    on_failure: OnFailure
    script: str
    cases: msgspec.Raw


class _Row(NamedTuple):
    category: str
    configuration: tuple[str, ...]


class _Cases(msgspec.Struct, frozen=True):
    cases: msgspec.Raw


@functools.cache
def templates(folder: Path = GALLERY) -> dict[str, Template]:
    """By their names, in the order of the README. Raises `BadFile` and `OSError` for a gallery that is not whole."""
    rules = {rule.name: rule for rule in read_folder(folder)}
    found = {}
    for name, row in _rows((folder / "README.md").read_text(encoding="utf-8")).items():
        title, description = _about(rules[name].script)
        found[name] = Template(
            name=name,
            title=title,
            description=description,
            category=row.category,
            configuration=row.configuration,
            on_failure=rules[name].on_failure,
            script=rules[name].script,
            cases=_cases(folder / f"{name}.cases.json"),
        )
    return found


def _rows(text: str) -> dict[str, _Row]:
    """The rows of the tables, by rule; the heading above a table is its category."""
    found: dict[str, _Row] = {}
    category = ""
    for line in text.splitlines():
        if line.startswith("## "):
            category = line.removeprefix("## ")
        elif line.startswith("| ") and not line.startswith("| rule "):
            _, name, _, configuration, _, _ = (cell.strip() for cell in line.split("|"))
            found[name] = _Row(category, tuple(configuration.replace("`", "").split()))
    return found


def _about(script: str) -> tuple[str, str]:
    docstring, _, _ = script.removeprefix(QUOTES).partition(QUOTES)
    title, _, description = docstring.partition("\n")
    return title.strip(), description.strip()


def _cases(path: Path) -> msgspec.Raw:
    return read_json(path, _Cases).cases if path.is_file() else msgspec.Raw(b"[]")
