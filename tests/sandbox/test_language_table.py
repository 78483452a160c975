"""The table of the language against Python's own list of its syntax and its instructions."""

from __future__ import annotations

import _ast
import ast
import opcode
import sys
from collections.abc import Iterator

import pytest

from sandbox.compiler import compile_rule
from sandbox.language import (
    ALLOWED,
    HOOKS,
    MAGIC_METHODS,
    REFUSED,
    SINCE,
    SYNTAX,
    TEXT_FIELDS,
    is_own_name,
    is_temporary,
    refused_name,
)
from sandbox.limits import DEFAULT
from sandbox.opcodes import INTRINSICS, NEVER, allowed, foreign
from sandbox.transformer import RulePolicy

VERSION = sys.version_info[:2]
RULE = "def rule(user, context):\n    "

# All that a rule may write.
EVERYTHING = '''
"""Text."""
import json as j, urllib.parse
from math import pi, sqrt as root

TOTAL = 0

class Money(Exception):
    "Text."
    unit: str = 'EUR'
    def __init__(self, amount, *, _scale=2):
        super().__init__(amount)
        self._amount = amount
        self.scale: int = _scale
        self.note: str
    @property
    def cents(self):
        return self._amount * 10 ** self.scale

def decorate(function):
    return function

@decorate
def tools(a, /, b: int = 1, *args: str, c, d=2, **rest) -> None:
    global TOTAL
    TOTAL += 1
    count = 0
    x: int
    def up():
        nonlocal count
        count += 1
        return count
    def numbers():
        got = yield 1
        yield from (up() for _ in args if got is not None)
        return
    first, *others = [*numbers(), 2, 3]
    [(e, f), g] = h = (1, 2), 3
    del h
    return a if b else c, (lambda k, l=1: k + l)(1), *args, {**rest}, others, e, f, g, first

def rule(user, context):
    tools(1, 2, 3, c=4, **{'z': 5})
    user.count = 1
    user.count += 1
    user['count'] -= 1
    user.list = [1, 2, 3]
    user.list[0:2:1] += [4]
    user.list[1:] = [4]
    del user.list[0], user.count, user['x' if 0 else 'list']
    x = y = {1, 2} | {3} & {4} ^ {5}
    if (n := len(x)) > 1 and not y or x <= y != 3 < 4 >= 1 == 1:
        pass
    elif x is y and x is not None and 1 in x and 2 not in y:
        pass
    else:
        n = 1 + 2 - 3 * 4 / 5 // 6 % 7 ** 8 << 1 >> 2 | 3
        n = -n, +n, ~n
        n @= n
    for i, z in enumerate(x):
        if i:
            continue
        break
    else:
        pass
    while n:
        n = 0
    try:
        assert x, 'text'
        raise Money(1) from None
    except (KeyError, Money) as error:
        x = error
    except:
        raise
    else:
        pass
    finally:
        pass
    match user:
        case [1, *_, 2] | [3, _, *_] | [*_, 4, 5]:
            pass
        case {'a': 1 | None | 'b', 'c': [first, _, *rest], **others}:
            pass
        case -1 | True:
            pass
        case (1, 2) as whole if whole:
            pass
        case str() | int(_):
            pass
        case _:
            pass
    x = [a for a in x if a for b in a], {a for a in x}, {a: b for a, b in x}, (a for a in x)
    return f'{x!r:>{n}} {user.email}', b'', 1.5, 2j, None, ..., x[0], x[1:2], x[1:2, ::3], root(pi), j, urllib
'''


def kinds() -> set[str]:
    """The classes that Python makes trees of."""
    classes = {name: kind for name, kind in vars(_ast).items() if isinstance(kind, type) and issubclass(kind, ast.AST)}
    return {
        name
        for name, kind in classes.items()
        if kind is not ast.AST and not any(issubclass(other, kind) and other is not kind for other in classes.values())
    }


def problems(source: str) -> list[str]:
    return [problem.message for problem in compile_rule(source, DEFAULT).problems if problem.severity == "error"]


def test_every_class_of_syntax_has_a_row_and_no_other() -> None:
    later = {name for name, since in SINCE.items() if since > VERSION}
    assert kinds() == set(SYNTAX) - later


def test_every_row_has_a_reason() -> None:
    assert {kind for kind, (_, reason) in SYNTAX.items() if len(reason) < 4} == set()


def test_all_that_is_allowed_compiles() -> None:
    assert problems(EVERYTHING) == []


@pytest.mark.parametrize("kind", [kind for kind, (allowed, _) in SYNTAX.items() if allowed is ALLOWED])
def test_the_table_decides_on_every_node(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert any(type(node).__name__ == kind for node in ast.walk(ast.parse(EVERYTHING)))
    monkeypatch.setitem(SYNTAX, kind, (REFUSED, "not today"))
    assert "not today" in problems(EVERYTHING)
    monkeypatch.delitem(SYNTAX, kind)
    assert f"`{kind}` is not part of the language of rules" in problems(EVERYTHING)


OUT = {
    "AsyncFunctionDef": "async def f(): pass",
    "AsyncFor": "async def f():\n        async for x in user: pass",
    "With": "with user: pass",
    "AsyncWith": "async def f():\n        async with user: pass",
    "withitem": "with user: pass",
    "TryStar": "try: pass\n    except* ValueError: pass",
    "Await": "async def f():\n        await user",
    "TypeAlias": "type X = int",
    "TypeVar": "def f[T](): pass",
    "ParamSpec": "class A[**P]: pass",
    "TypeVarTuple": "def f[*T](): pass",
}
ROOTS: dict[str, ast.AST] = {
    "Interactive": ast.parse("1", mode="single"),
    "Expression": ast.parse("1", mode="eval"),
    "FunctionType": ast.parse("(int) -> int", mode="func_type"),
    "TypeIgnore": ast.parse("x = 1 # type: ignore", type_comments=True),
}


@pytest.mark.parametrize("kind", [kind for kind, (allowed, _) in SYNTAX.items() if allowed is REFUSED])
def test_what_is_refused_is_refused_with_its_reason(kind: str) -> None:
    assert kind in OUT or kind in ROOTS
    if kind in ROOTS:
        policy = RulePolicy()
        policy.visit(ROOTS[kind])
        said = [problem.message for problem in policy.problems]
    elif SINCE.get(kind, VERSION) > VERSION:
        assert [problem.code for problem in compile_rule(RULE + OUT[kind], DEFAULT).problems] == ["syntax_error"]
        return
    else:
        said = problems(RULE + OUT[kind])
    assert SYNTAX[kind][1] in said


class Surprise(ast.expr):
    """Syntax of a Python to come."""

    def __init__(self, **fields: object) -> None:
        vars(self).update(fields)

    _fields = ("value", "name")


def test_syntax_without_a_row_is_refused_with_all_that_is_in_it() -> None:
    tree = ast.parse("x = 1")
    inside = ast.Name("__secret__", ast.Load(), lineno=1, col_offset=5)
    statement = tree.body[0]
    assert isinstance(statement, ast.Assign)
    statement.value = Surprise(value=inside, name="_getattr_", lineno=1, col_offset=4)
    policy = RulePolicy()
    policy.visit(tree)
    assert sorted((problem.column, problem.code) for problem in policy.problems) == [
        (5, "name_not_allowed"),
        (5, "syntax_not_allowed"),
        (6, "name_not_allowed"),
    ]


def identifiers(tree: ast.AST) -> Iterator[tuple[ast.AST, str, int | None]]:
    """Every place of a tree that holds an identifier: node, field, and index where the field is a list. Annotations
    are left out, since they are dropped."""
    pending = [tree]
    while pending:
        node = pending.pop()
        for field, value in ast.iter_fields(node):
            if field not in ("annotation", "returns"):
                pending += [
                    part for part in (value if isinstance(value, list) else [value]) if isinstance(part, ast.AST)
                ]
        for field, value in ast.iter_fields(node):
            if isinstance(value, str):
                yield node, field, None
            elif isinstance(value, list):
                yield from ((node, field, index) for index, name in enumerate(value) if isinstance(name, str))


IDENTIFIERS = sorted({(type(node).__name__, field) for node, field, _ in identifiers(ast.parse(EVERYTHING))})


@pytest.mark.parametrize("name", ["_getattr_", "__builtins__", "_tmp0", "__secret", "_A__x", "x__roles__"])
@pytest.mark.parametrize(("kind", "field"), [place for place in IDENTIFIERS if place[0] != "Constant"])
def test_every_identifier_is_checked(kind: str, field: str, name: str) -> None:
    count = sum(1 for node, f, _ in identifiers(ast.parse(EVERYTHING)) if (type(node).__name__, f) == (kind, field))
    for number in range(count):
        tree = ast.parse(EVERYTHING)
        places = [place for place in identifiers(tree) if (type(place[0]).__name__, place[1]) == (kind, field)]
        node, _, index = places[number]
        if index is None:
            setattr(node, field, name)
        else:
            getattr(node, field)[index] = name
        policy = RulePolicy()
        policy.visit(tree)
        if (kind, field) == ("ImportFrom", "module"):
            assert policy.problems == []  # a module of that name does not exist, and nothing is bound
            continue
        codes = {problem.code for problem in policy.problems}
        # The class of a class pattern is one of a few names.
        assert codes and codes <= {"name_not_allowed", "attribute_not_allowed", "syntax_not_allowed"}, (
            kind,
            field,
            number,
        )


def test_the_fields_that_hold_identifiers_are_those_of_python() -> None:
    """What Python itself says of its fields, from 3.13 on: none is missing in the script above."""
    if VERSION < (3, 13):
        assert not hasattr(ast.Name, "_field_types")
        return
    known = {
        (name, field)
        for name in kinds()
        for field, of in getattr(ast, name)._field_types.items()
        if of is str or of == (str | None) or of == list[str]
    }
    refused = {place for place in known if SYNTAX[place[0]][0] is REFUSED}
    comments = {place for place in known if place[1] == "type_comment"}  # none without `type_comments=True`
    ours = {*IDENTIFIERS, ("MatchClass", "kwd_attrs"), ("Constant", "kind")} - {("Constant", "value")}
    assert known - refused - comments == ours


def test_text_is_not_taken_for_a_name() -> None:
    assert {place for place in TEXT_FIELDS if place[0] not in SYNTAX} == set()
    assert problems(RULE + "x = '_getattr_', u'__class__', b'_', f'__class__{1:_}'") == []


@pytest.mark.parametrize("name", ["_x", "_helper", "_my_helper_2", "_é", "_X", "_1", "_tmp", "_tmpfile", "_print", "_"])
def test_names_that_an_author_may_write(name: str) -> None:
    assert refused_name(name) is None
    assert is_own_name(name) == (name != "_")


@pytest.mark.parametrize(
    "name", [*HOOKS, *MAGIC_METHODS, "__", "___", "_x_", "__x", "_a__b", "_A__x", "_tmp0", "_tmp12", "_\uff3fx", "_x\n"]
)
def test_names_that_are_kept(name: str) -> None:
    assert refused_name(name) is not None
    assert not is_own_name(name)
    assert is_temporary(name) == name.startswith("_tmp")


# Instructions


def test_the_instructions_are_those_of_this_python() -> None:
    assert allowed(VERSION[1]) - set(opcode.opmap) == set()
    assert allowed(VERSION[1]) & set(NEVER) == set()


def test_the_intrinsics_are_those_of_this_python() -> None:
    names = getattr(opcode, "_intrinsic_1_descs", None)
    if VERSION < (3, 12):
        assert names is None
    else:
        assert names is not None
        assert {number: names[number] for number in INTRINSICS} == INTRINSICS


# Code that no rule can bring about, and what the belt says of it in 3.11 and in later versions.
FOREIGN: dict[str, tuple[list[str], list[str]]] = {
    "x = user.a": (["LOAD_ATTR"], ["LOAD_ATTR"]),
    "x = user.f()": (["LOAD_METHOD"], ["LOAD_ATTR"]),
    "x = user[0]": (["BINARY_SUBSCR 0"], ["BINARY_SUBSCR 0"]),
    "x = user[1] + 2": (["BINARY_SUBSCR 0"], ["BINARY_SUBSCR 0"]),
    "x = a < user[1] < b": (["BINARY_SUBSCR 0"], ["BINARY_SUBSCR 0"]),
    "x = len(a)[a - 1]": (["BINARY_SUBSCR 0"], ["BINARY_SUBSCR 0"]),
    "x = user[a:b]": (["BINARY_SUBSCR 0"], ["BINARY_SLICE"]),
    "user[1] += 2": (["BINARY_SUBSCR 0"], ["BINARY_SUBSCR 0"]),
    "from m import *": (["IMPORT_STAR"], ["CALL_INTRINSIC_1 2"]),
    "with user: pass": (["BEFORE_WITH", "WITH_EXCEPT_START"], ["BEFORE_WITH", "WITH_EXCEPT_START"]),
    "x: int = 1": (["SETUP_ANNOTATIONS", "__annotations__"], ["SETUP_ANNOTATIONS", "__annotations__"]),
    "async def f(): await user": (["GET_AWAITABLE"], ["GET_AWAITABLE"]),
    "match user:\n    case A(x=1): pass": (["MATCH_CLASS 0"], ["MATCH_CLASS 0"]),
    "match user:\n    case A(1, 2): pass": (["MATCH_CLASS 2"], ["MATCH_CLASS 2"]),
    "try: pass\nexcept* ValueError: pass": (
        ["CHECK_EG_MATCH", "PREP_RERAISE_STAR"],
        ["CALL_INTRINSIC_2", "CHECK_EG_MATCH"],
    ),
    "x = __builtins__": (["__builtins__"], ["__builtins__"]),
    "def f(__x): pass": (["__x"], ["__x"]),
    "def f(_a_):\n    return lambda: _a_": (["_a_", "_a_", "_a_"], ["_a_", "_a_"]),
    "class A:\n    def __del__(self): pass": (["__del__"], ["__del__"]),
    "class A:\n    x = __class__": (["__class__"], ["__class__"]),
    "def f():\n    def __init__(): pass": (["__init__"], ["__init__"]),
}


@pytest.mark.parametrize("source", FOREIGN)
def test_foreign_code_is_found(source: str) -> None:
    expected = FOREIGN[source][VERSION >= (3, 12)]
    found = list(foreign(compile(source, "<rule>", "exec", dont_inherit=True), VERSION[1]))
    assert sorted(set(found)) == sorted(set(expected))


def test_all_instructions_of_the_language_are_known() -> None:
    tree = RulePolicy().visit(ast.parse(EVERYTHING))
    assert list(foreign(compile(tree, "<rule>", "exec", dont_inherit=True), VERSION[1])) == []
