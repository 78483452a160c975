"""What a rule has made itself is not looked for in the data, until it is put there: then every change is recorded."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.pool import Pool
from sandbox.wire import Answer
from tests.fuzz.replay import unexplained
from tests.sandbox import trial
from tests.sandbox.trial import outcomes, rule, writes

pytestmark = pytest.mark.anyio

# what could go wrong: scripts' bodies, and the places of their writes
CASES: dict[str, tuple[tuple[str, ...], list[str]]] = {
    "changes before it is put anywhere": (
        ("own = []\nown.append(1)\nown += [2]\nown[0] = 3",),
        [],
    ),
    "changes after it was put there": (
        ("own = []\ncontext.idToken.own = own\nown.append(1)",),
        ["/context/idToken/own", "/context/idToken/own/0"],
    ),
    "put in two places": (
        ("own = {}\ncontext.idToken.a = own\ncontext.accessToken.b = own\nown.x = 1",),
        ["/context/idToken/a", "/context/accessToken/b", "/context/idToken/a/x", "/context/accessToken/b/x"],
    ),
    "put there by a method in C": (
        ("own: dict = {}\ncontext.idToken.update(a=own)\nown.x = 1",),
        ["/context/idToken/a", "/context/idToken/a/x"],
    ),
    "put there inside of something else": (
        ("own = [1]\nouter = {'own': own}\nouter.more = []\ncontext.idToken.outer = outer\nown.append(2)",),
        ["/context/idToken/outer", "/context/idToken/outer/own/1"],
    ),
    "what came in, inside of its own": (
        ("own = [user.app_metadata.roles]\ncontext.idToken.a = own\nown[0].append('x')",),
        ["/context/idToken/a", "/user/app_metadata/roles/2", "/context/idToken/a/0/2"],
    ),
    "a deep part of the data, changed beside its own": (
        ("own = []\nown.append(1)\nuser.app_metadata.roles.append('x')\nown.append(2)",),
        ["/user/app_metadata/roles/2"],
    ),
    "taken out, and changed": (
        ("own = []\nuser.a = own\ndel user.a\nown.append(1)",),
        ["/user/a", "/user/a"],
    ),
    "taken out, and put elsewhere": (
        ("own = []\nuser.a = own\ndel user.a\nown.append(1)\nuser.b = own\nown.append(2)",),
        ["/user/a", "/user/a", "/user/b", "/user/b/1"],
    ),
    "a comprehension": (
        ("own = [x for x in 'ab']\ncontext.idToken.a = own\nown.reverse()",),
        ["/context/idToken/a", "/context/idToken/a"],
    ),
    "another rule's": (
        ("own = []\ncontext.idToken.a = own", "context.idToken.a.append(1)\nown = []\nown.append(1)"),
        ["/context/idToken/a", "/context/idToken/a/0"],
    ),
    "another rule's, made plain": (
        ("own = [(1,)]\nuser.a = {'b': own}\nown = []", "own = []\nown.append(1)\nuser.a.b[0].append(1)"),
        ["/user/a", "/user/a/b/0/1"],
    ),
    "of a rule that was undone": (
        (
            "own = []\nuser.a = own\nown.append(1)\n1 / 0",
            "own = []\nown.append(1)\nuser.app_metadata.roles.append('x')",
        ),
        ["/user/a", "/user/a/0", "/user/app_metadata/roles/2"],
    ),
}


@pytest.mark.parametrize("name", CASES)
async def test_writes(pool: Pool, name: str) -> None:
    bodies, places = CASES[name]
    codes = [await trial.compiled(pool, rule(body), skip=True) for body in bodies]
    request = trial.request(*codes)
    answer = await pool.run(request)
    assert isinstance(answer, Answer)
    assert [path for _, path, *_ in writes(answer)] == places
    assert unexplained(request, answer) == []


async def test_an_identity_that_is_used_again_hides_nothing(pool: Pool) -> None:
    """Thousands of own lists come and go, whose identities others get: none of those is taken for one of them."""
    user: dict[str, Any] = trial.USER | {"deep": [[[number]] for number in range(300)]}
    body = """
    for _ in range(3000):
        own = [[], {}]
        own = {"a": [1]}
    del own
    kept = json.loads(text)
    user.kept = {"list": kept}
    for inner in kept:
        inner[0].append("x")
    for outer in user.deep:
        own = []
        outer[0].append("y")
        own.append(outer)
    """
    script = f"import json\ntext = {json.dumps(json.dumps([[[number]] for number in range(300)]))}\n" + rule(body)
    request = trial.request(await trial.compiled(pool, script), user=user)
    answer = await pool.run(request)
    assert isinstance(answer, Answer)
    assert outcomes(answer) == ["passed"]
    found = [path for _, path, *_ in writes(answer)]
    assert found[1:] == [f"/user/kept/list/{n}/0/1" for n in range(300)] + [f"/user/deep/{n}/0/1" for n in range(300)]


async def test_a_copy_with_the_identity_of_an_own_list_is_looked_for(pool: Pool) -> None:
    """What is made plain at a rule's end is copied, and the copies may get identities of own lists that are gone: what
    is then taken out of them is said all the same."""
    body = """
    for _ in range(50):
        own = [[] for _ in range(30)]
    del own
    user.outer = [({"a": (1,)},) for _ in range(30)]
    for item in user.outer:
        item[0]["b"] = {1}
    user.again = user.outer
    """
    request = trial.request(await trial.compiled(pool, rule(body)))
    answer = await pool.run(request)
    assert isinstance(answer, Answer)
    assert outcomes(answer) == ["passed"]
    assert unexplained(request, answer) == []
