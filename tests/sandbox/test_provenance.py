"""Every change to `user` and `context` is recorded with its exact path, values and line."""

# ruff: noqa: E501

from __future__ import annotations

from typing import Any

import pytest

from sandbox.pool import Pool
from tests.sandbox import trial
from tests.sandbox.trial import rule

pytestmark = pytest.mark.anyio

Write = tuple[str, str, Any, Any, int]
A = "/user/app_metadata"

# name: (body, writes as (op, path, old, new, line)); the body begins on line 2.
WRITES: dict[str, tuple[str, list[Write]]] = {
    "add, replace, remove": (
        "user.a = 1\nuser['a'] = 2\ndel user.a",
        [("add", "/user/a", None, 1, 2), ("replace", "/user/a", 1, 2, 3), ("remove", "/user/a", 2, None, 4)],
    ),
    "nested": ("user.app_metadata.level += 1", [("replace", A + "/level", 3, 4, 2)]),
    "pointer escapes": ("user['a/b~c'] = 1", [("add", "/user/a~1b~0c", None, 1, 2)]),
    "list item": ("user.app_metadata.roles[-1] = 'x'", [("replace", A + "/roles/1", "staff", "x", 2)]),
    "append": ("user.app_metadata.roles.append('x')", [("add", A + "/roles/2", None, "x", 2)]),
    "extend": (
        "user.app_metadata.roles += ['x', 'y']",
        [
            ("add", A + "/roles/2", None, "x", 2),
            ("add", A + "/roles/3", None, "y", 2),
        ],
    ),
    "insert, sort, slice": (
        "r = user.app_metadata.roles\nr.insert(0, 'z')\nr.sort()\ndel r[1:]",
        [
            ("replace", A + "/roles", ["admin", "staff"], ["z", "admin", "staff"], 3),
            ("replace", A + "/roles", ["z", "admin", "staff"], ["admin", "staff", "z"], 4),
            ("replace", A + "/roles", ["admin", "staff", "z"], ["admin"], 5),
        ],
    ),
    "update": (
        "user.app_metadata.update({'level': 4}, new=5)",
        [("replace", A + "/level", 3, 4, 2), ("add", A + "/new", None, 5, 2)],
    ),
    "update with what is there": ("user.app_metadata.update(level=3)", []),
    "setdefault": (
        "user.app_metadata.setdefault('level', 9)\nuser.app_metadata.setdefault('x', []).append(1)",
        [("add", A + "/x", None, [], 3), ("add", A + "/x/0", None, 1, 3)],
    ),
    "pop and clear": (
        "user.app_metadata.pop('level')\nuser.user_metadata.clear()",
        [("remove", A + "/level", 3, None, 2), ("remove", "/user/user_metadata/color", "blue", None, 3)],
    ),
    "in place or": (
        "m = user.user_metadata\nm |= {'x': 1}",
        [("add", "/user/user_metadata/x", None, 1, 3)],
    ),
    "one object in two places": (
        "m = {'n': 1}\nuser.m = m\ncontext.idToken.m = m\nm.n = 2",
        [
            ("add", "/user/m", None, {"n": 1}, 3),
            ("add", "/context/idToken/m", None, {"n": 1}, 4),
            ("replace", "/user/m/n", 1, 2, 5),
            ("replace", "/context/idToken/m/n", 1, 2, 5),
        ],
    ),
    "a local dict before and after": (
        "m = {}\nm['a'] = 1\nm['b'] = {'c': []}\nuser.m = m\nm['b'].c.append(1)\nm['d'] = 2",
        [
            ("add", "/user/m", None, {"a": 1, "b": {"c": []}}, 5),
            ("add", "/user/m/b/c/0", None, 1, 6),
            ("add", "/user/m/d", None, 2, 7),
        ],
    ),
    "moved": (
        "m = user.pop('app_metadata')\ncontext.old = m\nm.level = 4",
        [
            ("remove", A, {"roles": ["admin", "staff"], "level": 3}, None, 2),
            ("add", "/context/old", None, {"roles": ["admin", "staff"], "level": 3}, 3),
            ("replace", "/context/old/level", 3, 4, 4),
        ],
    ),
    "moved in a list": (
        "user.l = [{'n': 2}, {'n': 1}]\ntwo = user.l[0]\nuser.l.sort(key=lambda x: x.n)\ntwo.n = 3",
        [
            ("add", "/user/l", None, [{"n": 2}, {"n": 1}], 2),
            ("replace", "/user/l", [{"n": 2}, {"n": 1}], [{"n": 1}, {"n": 2}], 4),
            ("replace", "/user/l/1/n", 2, 3, 5),
        ],
    ),
    "detached": (
        "m = user.pop('user_metadata')\nm.color = 'red'",
        [("remove", "/user/user_metadata", {"color": "blue"}, None, 2)],
    ),
    "a helper's line": (
        "def put(d):\n    d.x = 1\nput(context.idToken)\n(lambda d: d.update(y=2))(context.idToken)",
        [("add", "/context/idToken/x", None, 1, 3), ("add", "/context/idToken/y", None, 2, 5)],
    ),
    "methods handed to C": (
        "list(map(context.idToken.setdefault, 'ab', (1, 2)))\nsorted([3], key=user.app_metadata.roles.append)",
        [
            ("add", "/context/idToken/a", None, 1, 2),
            ("add", "/context/idToken/b", None, 2, 2),
            ("add", A + "/roles/2", None, 3, 3),
        ],
    ),
    "attached while it changes": (
        "m = {}\ndef items():\n    user.m = m\n    yield 'a', 1\nm.update(items())",
        [("add", "/user/m", None, {}, 4), ("replace", "/user/m", {"a": 1}, {"a": 1}, 6)],
    ),
    "loop targets and unpacking": (
        "for user.i in (1, 2):\n    pass\ncontext.x, user['y'] = 3, 4",
        [
            ("add", "/user/i", None, 1, 2),
            ("replace", "/user/i", 1, 2, 2),
            ("add", "/context/x", None, 3, 4),
            ("add", "/user/y", None, 4, 4),
        ],
    ),
    "shuffle": (
        "import random\nuser.l = [1]\nrandom.shuffle(user.app_metadata.roles)\nuser.app_metadata.roles.sort()",
        [("add", "/user/l", None, [1], 3)],
    ),
    "long values are measured": (
        "user.a = 'x' * 9000\nuser.b = ['x'] * 4000\ndel user.a",
        [
            ("add", "/user/a", None, {"$truncated": 9000}, 2),
            ("add", "/user/b", None, {"$truncated": 16001}, 3),
            ("remove", "/user/a", {"$truncated": 9000}, None, 4),
        ],
    ),
    "metadata asked for": (
        "auth0.users.updateUserMetadata(user.user_id, {'a': 1})\nauth0.users.updateUserMetadata(user.user_id, {'b': 2})",
        [
            ("add", "/updates/user_metadata", None, {"a": 1}, 2),
            ("replace", "/updates/user_metadata", {"a": 1}, {"a": 1, "b": 2}, 3),
        ],
    ),
}


@pytest.mark.parametrize("name", [name for name in WRITES if name != "shuffle"])
async def test_writes(pool: Pool, name: str) -> None:
    body, expected = WRITES[name]
    result = await trial.answer(pool, rule(body))
    assert trial.outcomes(result) == ["passed"], trial.errors(result)
    assert trial.writes(result) == expected


async def test_shuffling_is_a_change_of_the_whole_list(pool: Pool) -> None:
    result = await trial.answer(pool, rule("import random\nuser.l = [1, 2, 3, 4, 5, 6]\nrandom.shuffle(user.l)"))
    (_, change) = trial.writes(result)
    assert (change[0], change[1], change[2], change[4]) == ("replace", "/user/l", [1, 2, 3, 4, 5, 6], 4)
    assert sorted(change[3]) == [1, 2, 3, 4, 5, 6]


async def test_what_runs_after_the_end_changes_nothing(pool: Pool) -> None:
    late = rule(
        "def g():\n    try:\n        yield\n    finally:\n        print('late')\n        context.idToken.late = 1\n"
        "        auth0.users.updateUserMetadata(user.user_id, {'late': 1})\n"
        "x = [g()]\nnext(x[0])\nx.append(x)\ncontext.idToken.ok = 1"
    )
    result = await trial.answer(pool, late, key="late")
    assert (result.returns["idToken"], trial.logs(result), result.updates["user_metadata"]) == ({"ok": 1}, [], None)
    # The same worker, after its garbage was collected.
    again = await trial.answer(pool, rule("context.idToken.a = 1"), key="late")
    assert (again.returns["idToken"], trial.logs(again)) == ({"a": 1}, [])
    assert trial.writes(again) == [("add", "/context/idToken/a", None, 1, 2)]
