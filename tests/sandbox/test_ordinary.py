"""The ordinary rules in `ordinary/`, as authors write them: each ends as its last lines say, and as CPython says.

Every file ends with a block of comments, one word and its JSON a line, one paragraph a login:

    # user {"email": "ada@partner.example"}
    # claims {"role": "partner"}
    #
    # user {"email": null}
    # denied "no address"

`user` and `context` change the defaults of `trial` (null removes a field). `claims` and `access` are the claims of
the two tokens, `denied` is the text of a denial, `redirect` and `multifactor` are what `context` holds at the end,
`user_metadata` and `app_metadata` are the updates; what a paragraph does not name has to be empty. `logs` are the
printed lines, compared where they are named. A line that goes on is indented.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Set
from pathlib import Path
from typing import Any

import pytest

from sandbox.exposed import ATTRIBUTES, BUILTINS, CLASS_ATTRIBUTES, PER_STEP
from sandbox.guards import DICT_CHANGES, LIST_CHANGES
from sandbox.language import MAGIC_METHODS, SINCE, SYNTAX
from sandbox.members import MEMBERS
from sandbox.pool import Pool
from sandbox.wire import Answer
from tests.sandbox import cpython, trial
from tests.sandbox.test_language import ORDINARY as ORDINARY_BODIES
from tests.sandbox.trial import rule

pytestmark = pytest.mark.anyio

ORDINARY = sorted((Path(__file__).parent / "ordinary").glob("*.py"))
EMPTY: dict[str, Any] = {"claims": {}, "access": {}}
WORDS = {"user", "context", "claims", "access", "denied", "redirect", "multifactor", "user_metadata", "app_metadata",
         "logs"}  # fmt: skip


class Login:
    """One paragraph of the block at the end of a file."""

    def __init__(self, said: dict[str, Any]) -> None:
        assert said.keys() <= WORDS, said.keys() - WORDS
        self.user = _changed(trial.USER, said.pop("user", {}))
        self.context = _changed(trial.CONTEXT, said.pop("context", {}))
        self.expected = said if "denied" in said else EMPTY | said

    def of(self, ending: dict[str, Any]) -> dict[str, Any]:
        """`ending` without its log lines where this paragraph names none."""
        return {name: value for name, value in ending.items() if name != "logs" or name in self.expected}


def _changed(default: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in (default | changes).items() if value is not None}


def read(path: Path) -> tuple[str, list[Login]]:
    """The script of a file, and its logins."""
    script = path.read_text()
    lines = script.rstrip("\n").split("\n")
    start = len(lines)
    while lines[start - 1].startswith("#"):
        start -= 1
    return script, [Login(said) for said in _paragraphs(lines[start:])]


def _paragraphs(lines: list[str]) -> Iterator[dict[str, Any]]:
    text = "\n".join(line.removeprefix("#").removeprefix(" ") for line in lines)
    for paragraph in text.split("\n\n"):
        parts = paragraph.replace("\n ", " ").split("\n")
        yield {word: json.loads(text) for word, _, text in (part.partition(" ") for part in parts)}


def ending(answer: Answer) -> dict[str, Any]:
    """What came out of an execution, in the words of the files."""
    (outcome,) = trial.outcomes(answer)
    updates = {store: patch for store, patch in answer.updates.items() if patch is not None}
    logs = {"logs": trial.logs(answer)}
    if outcome == "denied":
        assert answer.denial is not None
        return {"denied": answer.denial.text} | updates | logs
    assert outcome == "passed", trial.errors(answer)
    assert trial.refusals(answer) == []
    returned = {"claims": answer.returns["idToken"], "access": answer.returns["accessToken"]}
    returned |= {name: answer.returns[name] for name in cpython.RESULTS if name in answer.returns}
    return returned | updates | logs


@pytest.mark.parametrize("path", ORDINARY, ids=lambda path: path.stem)
async def test_ordinary(pool: Pool, path: Path) -> None:
    script, logins = read(path)
    assert logins
    code = await trial.compiled(pool, script)
    for login in logins:
        answer = await pool.run(trial.request(code, user=login.user, context=login.context))
        assert isinstance(answer, Answer), answer
        assert login.of(ending(answer)) == login.expected


Endings = dict[tuple[str, int], dict[str, Any]]
Attributes = set[tuple[str, type, str]]


@pytest.fixture(scope="module")
def plain_runs() -> Iterator[tuple[Endings, Attributes]]:
    """How each login ends in CPython, and the attributes that were read of values and of classes."""
    endings: Endings = {}
    read_of: Attributes = set()

    def seen(holder: Any, name: str) -> None:
        table, kind = ("class", holder) if isinstance(holder, type) else ("value", type(holder))
        read_of.update((table, base, name) for base in kind.__mro__)

    back = cpython.utc()
    for path in ORDINARY:
        script, logins = read(path)
        for number, login in enumerate(logins):
            endings[path.stem, number] = cpython.Run(script, login.user, login.context, seen).ending
    yield endings, read_of
    back()


@pytest.mark.parametrize("path", ORDINARY, ids=lambda path: path.stem)
def test_cpython_says_the_same(plain_runs: tuple[Endings, Attributes], path: Path) -> None:
    for number, login in enumerate(read(path)[1]):
        assert login.of(plain_runs[0][path.stem, number]) == login.expected


# Every row of the language's tables has an ordinary rule that uses it.


def test_there_are_enough() -> None:
    assert len(ORDINARY) >= 150
    for path in ORDINARY:
        assert path.read_text().startswith("# "), path.name


def trees() -> list[ast.Module]:
    bodies = [rule(body) for body, _ in ORDINARY_BODIES.values()]
    return [ast.parse(script) for script in [*(path.read_text() for path in ORDINARY), *bodies]]


def nodes() -> list[ast.AST]:
    return [node for tree in trees() for node in ast.walk(tree)]


def test_every_syntax_is_used() -> None:
    used = {type(node).__name__ for node in nodes()}
    allowed = {name for name, (allowed, _) in SYNTAX.items() if allowed and SINCE.get(name, (3, 11)) <= cpython.VERSION}
    assert allowed - used == set()


def test_every_name_is_used() -> None:
    used = {node.id for node in nodes() if isinstance(node, ast.Name)}
    used |= {str(node.value) for node in nodes() if isinstance(node, ast.Constant) and not isinstance(node.value, str)}
    assert (BUILTINS.keys() | PER_STEP.keys() | {"super"}) - used == set()


def test_every_method_of_classes_is_used() -> None:
    used = {node.name for node in nodes() if isinstance(node, ast.FunctionDef)}
    assert MAGIC_METHODS - used == set()


def test_every_member_of_every_module_is_used() -> None:
    used = set()
    for tree in trees():
        modules: dict[str, str] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    top = alias.name.partition(".")[0]
                    modules[alias.asname or top] = alias.name if alias.asname else top
                    used.add(alias.name.rpartition(".")[::2])
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    used.add((node.module or "", alias.name))
                    if f"{node.module}.{alias.name}" in MEMBERS:
                        modules[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute):
                module = modules.get(ast.unparse(node.value), ast.unparse(node.value))
                used.add((module, node.attr))
    missing = {f"{module}.{member}" for module in MEMBERS for member in MEMBERS[module] if (module, member) not in used}
    assert missing == set()


def test_every_attribute_is_used(plain_runs: tuple[Endings, Attributes]) -> None:
    changes: dict[type, Set[str]] = {
        dict: DICT_CHANGES.keys(),
        list: LIST_CHANGES.keys(),
        str: {"format", "format_map"},
    }
    wanted = {("value", kind, name) for kind in ATTRIBUTES for name in {*ATTRIBUTES[kind], *changes.get(kind, ())}}
    # `str.lower` is what `"".lower` is, so the methods of values need no second use.
    wanted |= {
        ("class", kind, name)
        for kind in CLASS_ATTRIBUTES
        for name in CLASS_ATTRIBUTES[kind] - ATTRIBUTES.get(kind, frozenset())
    }
    missing = {f"{table} {kind.__name__}.{name}" for table, kind, name in wanted - plain_runs[1]}
    assert missing == set()
