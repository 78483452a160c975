"""The paths on a line as an author writes them, and how they are followed."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.paths import MISSING, UNKNOWN, member, paths_by_line
from sandbox.timeline import MOST_PATH, MOST_VALUES


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("x = user.app_metadata.plan", ["user.app_metadata.plan"]),
        ("x = user['app_metadata']['plan']", ["user.app_metadata.plan"]),
        ("x = context.request.query.get('prompt')", ["context.request.query.prompt"]),
        ("x = context.get('request', {}).get('query', {}).get('prompt')", ["context.request.query.prompt"]),
        ("x = user.groups[0].name", ["user.groups[0].name"]),
        ("if a == b and a.c:\n    pass", ["a", "b", "a.c"]),
        ("user.groups.append(user.name)", ["user.groups", "user.name"]),
        ("x = f(g(y), z=w.v)", ["y", "w.v"]),
        ("x = f'{user.name} {y!r}'", ["y", "user.name"]),
        ("context.idToken['a'] = user.b", ["user.b"]),
        ("context.idToken[NS + 'a'] = user.b", ["user.b", "context.idToken", "NS"]),
        ("context.stats['count'] += n", ["context.stats.count", "n"]),
        ("del user.a", ["user.a"]),
        ("x, user.a = y", ["y"]),
        ("x = y[z]", ["y", "z"]),
        ("x = y[1:2]", ["y"]),
        ("x = y[True], y[None], y[1.0]", ["y"]),
        ("x = y().z", []),
        ("x = 'text'.upper", []),
        ("x = y.get(z)", ["y", "z"]),
        ("x = y.get()", ["y"]),
        ("x = user['\\ud800'], user['\\n'], user['b']", ["user.b"]),
        ("def f(a=user.b):\n    pass", ["user.b"]),
    ],
)
def test_paths(line: str, expected: list[str]) -> None:
    assert sorted(path.text for path in paths_by_line(line).get(1, ())) == sorted(expected)


def test_each_stands_on_its_own_line() -> None:
    found = paths_by_line("x = f(\n    user.a,\n    user.b.c,\n)\n")
    assert {line: [path.text for path in paths] for line, paths in found.items()} == {2: ["user.a"], 3: ["user.b.c"]}
    ((path,), _) = found.values()
    assert path == ("user.a", "user", ("a",))


@pytest.mark.parametrize(
    "source",
    ["", "x = (", "\0", "\ud800", "'\\d'", "x = y" + ".a" * 5_000, "x = " + "-" * 50_000 + "1", "x = " + "(" * 500],
)
def test_strange_scripts(source: str) -> None:
    assert all(len(paths) <= MOST_VALUES for paths in paths_by_line(source).values())


def test_it_is_bounded() -> None:
    many = paths_by_line("x = [" + ", ".join(f"a{number}" for number in range(100)) + "]")
    assert len(many[1]) == MOST_VALUES
    assert paths_by_line(f"x = user['{'y' * MOST_PATH}']") == {}
    (path,) = paths_by_line("x = y" + ".a" * 500)[1]
    assert len(path.keys) < 20


class Odd:
    def __hash__(self) -> int:
        return hash("plan")

    def __eq__(self, other: object) -> bool:
        raise AssertionError("a key was asked whether it is another")


class Own(dict[str, Any]):
    def get(self, *_: Any) -> Any:
        raise AssertionError("code of a class was run")


@pytest.mark.parametrize(
    ("value", "key", "expected"),
    [
        ({"plan": 1}, "plan", 1),
        ({"plan": None}, "plan", None),
        ({}, "plan", MISSING),
        (None, "plan", MISSING),
        (MISSING, "plan", MISSING),
        ([1, 2], 1, 2),
        ([1, 2], 2, MISSING),
        ([1, 2], "append", UNKNOWN),
        ("text", "upper", UNKNOWN),
        ((1, 2), 0, UNKNOWN),
        ({1: 2}, 1, UNKNOWN),
        ({Odd(): 1}, "plan", UNKNOWN),
        (Own(plan=1), "plan", UNKNOWN),
        (object(), "__class__", UNKNOWN),
        (UNKNOWN, "plan", UNKNOWN),
    ],
)
def test_members(value: Any, key: Any, expected: Any) -> None:
    assert member(value, key) is expected
