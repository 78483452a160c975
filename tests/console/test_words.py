"""Every word that the editor completes is one that rules have, and none is missing."""

from __future__ import annotations

from typing import Any, cast

import pytest

from api.console.editor.words import words
from sandbox.cache import cache
from sandbox.checks import OPTIONAL_FIELDS
from sandbox.compiler import compile_rule
from sandbox.configuration import Configuration
from sandbox.exposed import NAMES
from sandbox.guards import DICT_METHODS
from sandbox.http import http
from sandbox.limits import Limits
from sandbox.members import MEMBERS
from sandbox.modules import Namespace
from sandbox.updates import Users

WORDS = words()
MEMBER_WORDS: dict[str, list[dict[str, str]]] = WORDS["members"]
NOBODY = cast(Any, None)  # what a step's names are made of, and is not asked for their names


def labels(found: list[dict[str, str]]) -> set[str]:
    assert len({word["label"] for word in found}) == len(found), "a word stands there twice"
    return {word["label"] for word in found}


def test_all_names_and_modules_are_there() -> None:
    keywords = {word["label"] for word in WORDS["names"] if word["type"] == "keyword"}
    assert labels(WORDS["names"]) - keywords == NAMES | {"user", "context"}
    assert labels(WORDS["modules"]) == MEMBERS.keys()
    assert {path: labels(MEMBER_WORDS[path]) for path in MEMBERS} == MEMBERS


@pytest.mark.parametrize("path", [path for path in MEMBER_WORDS if path.split(".")[0] in MEMBERS or path in NAMES])
def test_what_is_completed_behind_a_dot_compiles(path: str) -> None:
    import_ = f"import {path if path in MEMBERS else path.split('.')[0]}\n" if path.split(".")[0] in MEMBERS else ""
    reads = "".join(f"    {path}.{label}\n" for label in labels(MEMBER_WORDS[path]))
    found = compile_rule(f"{import_}def rule(user, context):\n{reads}", Limits())
    assert [problem for problem in found.problems if problem.severity == "error"] == []


def test_keywords_are_those_of_the_language() -> None:
    for refused in ("with", "async", "await"):
        assert refused not in labels(WORDS["names"])
        for statement in (f"{refused} x:\n        pass", f"{refused} def f():\n        pass", f"{refused} x"):
            assert compile_rule(f"def rule(user, context):\n    {statement}\n", Limits()).code == b""


@pytest.mark.parametrize(
    "made",
    [
        http(NOBODY, 0),
        cache(NOBODY, 0),
        (users := Users(NOBODY, None, None, NOBODY, NOBODY).auth0()),
        users.member("users"),
    ],
    ids=repr,
)
def test_members_of_what_is_not_imported(made: Namespace) -> None:
    assert labels(MEMBER_WORDS[made.__name__]) == cast(Any, made)._Module__members.keys()


def test_methods_of_the_configuration() -> None:
    assert all(hasattr(Configuration, label) for label in labels(MEMBER_WORDS["configuration"]))


def test_fields_that_may_be_missing_say_so() -> None:
    fields = {word["label"]: word.get("info", "") for path in ("user", "context") for word in MEMBER_WORDS[path]}
    assert {name for name, info in fields.items() if "may be missing" in info} == OPTIONAL_FIELDS - {"geoip"}
    assert fields.keys() >= DICT_METHODS
