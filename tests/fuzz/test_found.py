"""What fuzzing has found, made small: none of it happens any more."""

# ruff: noqa: E501

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.fuzz.laboratory import Laboratory
from tests.fuzz.shift import reproduced
from tests.sandbox.trial import rule

pytestmark = pytest.mark.anyio

# what was wrong: the body of the rule
FOUND = {
    "a claim changed by another place that it stands in": "user.x = context.idToken.get('a', user.app_metadata)\nuser.x.k = 1",
    "a list in a claim changed by another place": "user.x = context.idToken.get('a', user).get('b', user.permissions)\nuser.x.append(1)",
    "taken out of one place, gone from two": "user.user_metadata.color = (x for x in b'')\ncontext.idToken |= user",
    "half a claim is left": "n = {'y': object()}\nuser.a = n\ncontext.idToken.t = [n]\nn.z = 1",
    "no JSON in a list that came in": (
        "if context.idToken.get('a'):\n    context.idToken.y = context.idToken.a.b\n    user.z = context.idToken.y\n    user.z.append({1})"
    ),
    "a change inside a change": "def g():\n    context.idToken.b = 1\n    yield 'a', 2\ncontext.idToken.update(g())",
    "a list grows while it grows": "def g():\n    user.permissions.append(7)\n    yield 8\nuser.permissions.extend(g())",
    "a list grows behind its growth": "def g():\n    yield from [1, 2, 3]\n    user.permissions.append([4])\nuser.permissions.extend(g())",
    "a list gone while it grows": "def g():\n    yield from (1, 2)\n    user.clear()\nuser.permissions.extend(g())",
    "a list changed while it is sorted": "user.permissions.sort(key=lambda x: user.permissions.append(1))",
    "taken out with its holder": (
        "user.app_metadata.text = context\na = {'a': 1}\ncontext.accessToken.b = {'a': a}\na.x = object()"
    ),
    "a number and its text as keys": (
        "context.stats.a = dict.fromkeys([3, 1, 2], ('a', 1))\ncontext.stats.a |= {'1': {1: 2}}\nuser.t = 1"
    ),
    "a collection shown at two times": (
        "import collections\nd = collections.defaultdict(list)\ncontext.idToken.a = d\ncontext.idToken.b = [d, d['zoo']]"
    ),
    "a collection in a list in two places": (
        "import collections\nc = collections.Counter('a')\nl = [[c]]\ncontext.idToken.a = l\nuser.b = (l, c)\nc['b'] = 2\nl[0].append(c)\nc['c'] = 1"
    ),
    "a collection changed where it stands": (
        "import collections\nod = collections.OrderedDict()\ncontext.idToken.p = l = []\nl.append((od,))\nl[:] = [od]\nod['a'] = True"
    ),
    "a set changed in place": "user.app_metadata.a = {1, 2} - {'a'}\nuser.app_metadata.a &= {(), print}",
    "keys that are no text": "user.app_metadata[True] = [1]\nuser.app_metadata[1.5] = user.app_metadata\nuser.app_metadata = user.keys()",
    "half a surrogate pair": "n = {'\\ud800': 1}\ncontext.idToken.args = [n]\nn.update(a=1)\ncontext.stats = {'a': list('\\ud800')}",
    "a key of bytes": "def g():\n    yield b'YWJj', 1\n    context.idToken.f4 = 2\ncontext.idToken.update(g())",
    "memory used up by what an error holds": (
        "hoard = []\nsize = 1 << 26\nwhile size > 16:\n    try:\n        hoard.append(bytes(size))\n"
        "    except MemoryError:\n        size = size // 2\nfrozenset.issuperset({'a': {'b': {}}})"
    ),
    "never run, but bound": "match dict(user):\n    case 'a' if False:\n        context = 1\n",
    "not a number": "context.idToken.n = -0.0 + 2 ** 64 * 1e300 % 3",
    "no order in a set": "context.stats.setdefault('value', {'x', print, len})",
}


@pytest.fixture(scope="module")
async def laboratory(anyio_backend: str) -> AsyncIterator[Laboratory]:
    laboratory = Laboratory()
    await laboratory.start()
    yield laboratory
    await laboratory.close()


@pytest.mark.parametrize("name", FOUND)
async def test_found(laboratory: Laboratory, name: str) -> None:
    for login in range(3):
        assert await reproduced(laboratory, rule(FOUND[name]), login) == []
