"""Ordinary Python works in rules: each script's claims are what Python says they are."""

# ruff: noqa: E501

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from sandbox import journal
from sandbox.exposed import BUILTINS, PER_STEP
from sandbox.pool import Pool
from sandbox.wire import Answer
from tests.sandbox import trial
from tests.sandbox.trial import rule

pytestmark = pytest.mark.anyio

# name: (body, claims)
ORDINARY: dict[str, tuple[str, dict[str, Any]]] = {
    "augmented names": ("a = 1\na += 2\na *= 5\na -= 1\na //= 2\na **= 2\na %= 10\na <<= 2\na |= 1\na ^= 3\n"
                        "a &= 255\na >>= 1\nb = 'x'\nb += 'y'\nc = 7\nc /= 2\n"
                        "context.idToken.update(a=a, b=b, c=c)", {"a": 19, "b": "xy", "c": 3.5}),
    "augmented items and attributes": (
        "context.idToken['n'] = 1\ncontext.idToken['n'] += 1\ncontext.idToken.n *= 10\n"
        "context.idToken.l = [1]\ncontext.idToken.l += [2]\ncontext.idToken['l'] *= 2", {"n": 20, "l": [1, 2, 1, 2]}),
    "augmented slices": ("a = [1, 2, 3]\na[1:2] += [9]\na[0] -= 1\ncontext.idToken.a = a", {"a": [0, 2, 9, 3]}),
    "augmented once and in order": (
        "seen = []\ndef note(name, value):\n    seen.append(name)\n    return value\nd = {'k': 1}\n"
        "note('holder', d)[note('key', 'k')] += note('value', 2)\ncontext.idToken.update(seen=seen, k=d['k'])",
        {"seen": ["holder", "key", "value"], "k": 3}),
    "annotations": ("def f(a: Missing, *b: 'x', c: int = 2) -> Nowhere:\n    d: list[Unknown] = [a, c]\n    e: Never\n"
                    "    return d\nuser.x: int = 3\ncontext.idToken.a = f(user.x)", {"a": [3, 2]}),
    "match": (
        "def kind(x):\n    match x:\n        case 0 | -1:\n            return 'number'\n        case None:\n            return 'none'\n"
        "        case 'a':\n            return 'text'\n        case [first, *rest]:\n            return [first, rest]\n"
        "        case {'k': [k] as whole, **others}:\n            return [k, whole, others]\n"
        "        case _ if x == 5:\n            return 'guarded'\n        case _:\n            return 'other'\n"
        "context.idToken.a = [kind(x) for x in (0, -1, None, 'a', (1, 2, 3), {'k': [1], 'z': 2}, 5, 6)]",
        {"a": ["number", "number", "none", "text", [1, [2, 3]], [1, [1], {"z": 2}], "guarded", "other"]}),
    "comprehensions": (
        "a = [x * y for x in range(3) for y in range(3) if x != y]\nb = {k: v for k, v in zip('ab', (1, 2))}\n"
        "c = sorted({x % 2 for x in a})\nd = list(x for x in a if x)\ncontext.idToken.update(a=a, b=b, c=c, d=d)",
        {"a": [0, 0, 0, 2, 0, 2], "b": {"a": 1, "b": 2}, "c": [0], "d": [2, 2]}),
    "f-strings": ("w = 8\nx = 3.14159\ncontext.idToken.a = f'{x:>{w}.2f}|{user.email!r}|{x=:.1f}|{{}}'",
                  {"a": "    3.14|'ada@example.com'|x=3.1|{}"}),
    "format": (
        "context.idToken.a = '{} {:>4} {}'.format(1, 2, 3) + '{0.email} {0[email]} {u.app_metadata.roles[1]}'.format(user, u=user)\n"
        "context.idToken.b = '{email}'.format_map(user) + '{.email:.3} {[email]!r:.4}'.format(user, user) + '{:{}}'.format(1, 3)",
        {"a": "1    2 3ada@example.com ada@example.com staff", "b": "ada@example.comada 'ada  1"}),
    "percent": ("context.idToken.a = '%s %05.1f %(x)s' % () if 0 else '%s %05.1f' % ('a', 2.25)", {"a": "a 002.2"}),
    "generators": (
        "def count(n):\n    got = yield 'start'\n    while n:\n        got = yield [n, got]\n        n -= 1\n"
        "def both():\n    yield from (1, 2)\n    return\ng = count(2)\na = [next(g), g.send('x'), next(g), next(g, 'end')]\n"
        "g.close()\ncontext.idToken.update(a=a, b=list(both()))",
        {"a": ["start", [2, "x"], [1, None], "end"], "b": [1, 2]}),
    "closures": (
        "def counter():\n    n = 0\n    def up(by=1, *more, key=0, **rest):\n        nonlocal n\n        n += by + sum(more) + key + len(rest)\n"
        "        return n\n    return up\nup = counter()\nup()\nup(2, 3, key=4, z=1)\n"
        "context.idToken.a = [up(*[1], **{'key': 1}), (lambda x, /, y=2: x + y)(1)]", {"a": [13, 3]}),
    "walrus and chains": (
        "if (n := 5) > 3:\n    a = b = [n]\n(c, d) = (e, f) = [1, 2]\ng, *h = 1, 2, 3\n[i, (j, k)] = 1, (2, 3)\na, b = b, n\n"
        "context.idToken.x, user['y'] = 8, 9\n"
        "context.idToken.a = [a, b, c, d, e, f, g, h, i, j, k, user.y, 1 < n <= 5, n if n else 0]",
        {"x": 8, "a": [[5], 5, 1, 2, 1, 2, 1, [2, 3], 1, 2, 3, 9, True, 5]}),
    "loops into places": (
        "for context.idToken['last'] in [1, 2]:\n    pass\nelse:\n    user.done = True\ni = 0\nwhile True:\n    i += 1\n"
        "    if i < 3:\n        continue\n    break\ncontext.idToken.a = [user.done, i]", {"last": 2, "a": [True, 3]}),
    "classes": (
        "class Money:\n    'A docstring.'\n    unit = 'EUR'\n    def __init__(self, amount):\n        self.amount = amount\n"
        "    def __str__(self):\n        return f'{self.amount} {self.unit}'\n    def __eq__(self, other):\n"
        "        return isinstance(other, Money) and self.amount == other.amount\n    def __lt__(self, other):\n"
        "        return self.amount < other.amount\n    def __add__(self, other):\n        return Money(self.amount + other.amount)\n"
        "    def __getitem__(self, key):\n        return key\n    def __setitem__(self, key, value):\n        self.amount = value\n"
        "    @property\n    def cents(self):\n        return self.amount * 100\n    @classmethod\n    def zero(cls):\n"
        "        return cls(0)\n    @staticmethod\n    def parse(text):\n        return Money(int(text))\n"
        "class Dollar(Money):\n    unit = 'USD'\n    def __init__(self, amount):\n        Money.zero()\n        self.amount = amount\n"
        "m = Money(1)\nm.amount += 1\nm['x'] = 5\ndel m.amount\nsetattr(m, 'amount', 5)\n"
        "context.idToken.a = [str(m), m == Money(5), m != Money(5), m.cents, str(Dollar(3)), str(sorted([m, Money.zero()])[0]),\n"
        "  str(m + m), m[4], Money.parse('7').amount, isinstance(Dollar(1), Money), getattr(m, 'x', 'none'), hasattr(m, 'amount')]",
        {"a": ["5 EUR", True, False, 500, "3 USD", "0 EUR", "10 EUR", 4, 7, True, "none", True]}),
    "exceptions": (
        "class Mine(ValueError):\n    pass\nclass Other(Exception):\n    def __str__(self):\n        return 'other'\nlog = []\n"
        "def f(x):\n    try:\n        if x == 1:\n            raise Mine('a', 1)\n        if x == 2:\n            {}['k']\n"
        "        if x == 3:\n            raise Other from None\n    except ValueError as e:\n        log.append(list(e.args))\n"
        "    except (KeyError, IndexError):\n        log.append('key')\n    except:\n        log.append('bare')\n"
        "    else:\n        log.append('else')\n    finally:\n        log.append('finally')\nfor x in range(4):\n    f(x)\n"
        "try:\n    assert log == 1, 'no'\nexcept AssertionError as e:\n    log.append(str(e))\ncontext.idToken.a = log",
        {"a": ["else", "finally", ["a", 1], "finally", "key", "finally", "bare", "finally", "no"]}),
    "sorting": (
        "rows = [{'n': 2, 's': 'b'}, {'n': 1, 's': 'c'}]\nrows.sort(key=lambda r: r['n'], reverse=True)\n"
        "context.idToken.a = [[r.s for r in rows], sorted('bca', key=str.upper), max(rows, key=lambda r: r.s).n, sorted(user)]",
        {"a": [["b", "c"], ["a", "b", "c"], 1, ["app_metadata", "email", "permissions", "user_id", "user_metadata"]]}),
    "sets": (
        "a = {1, 2} | {3}\na.add(4)\na.discard(1)\na -= {2}\nb = frozenset('ab') & set('bc')\n"
        "context.idToken.a = [sorted(a), sorted(b), {1} <= a, sorted(a.union([9])), sorted(set(user.permissions) ^ {'x'})]",
        {"a": [[3, 4], ["b"], False, [3, 4, 9], ["read", "x"]]}),
    "dict and list methods": (
        "d = {'a': 1}\nd.update({'b': 2}, c=3)\nd.setdefault('e', []).append(1)\np = [d.pop('a'), d.pop('z', 0), list(d.popitem())]\n"
        "d |= {'k': 1}\nl = [3, 1]\nl.append(2)\nl.extend((5,))\nl.insert(0, 9)\nl.remove(3)\nl.sort()\nl.reverse()\nl.pop()\n"
        "del l[0]\nl[0:1] = [7, 7]\ne = dict(d, x=1).copy()\ne.clear()\n"
        "context.idToken.update(d=d, p=p, l=l, e=e, i=[l.index(2), l.count(7), list(d.keys()), list(d.items())[0]])",
        {"d": {"b": 2, "c": 3, "k": 1}, "p": [1, 0, ["e", [1]]], "l": [7, 7, 2], "e": {},
         "i": [2, 2, ["b", "c", "k"], ["b", 2]]}),
    "user and context alike": (
        "user.a = 1\nuser['b'] = 2\ncontext.c = user['a']\ncontext['d'] = user.b\ndel user.a, context['c']\n"
        "context.idToken.a = ['a' in user, user.get('a'), hasattr(user, 'b'), getattr(user, 'zz', 5), context.d]\n"
        "delattr(user, 'b')\nsetattr(context, 'q', 1)\ncontext.idToken.b = [context.q, len(user)]",
        {"a": [False, None, True, 5, 2], "b": [1, 5]}),
    "methods win over keys": (
        "user['get'] = 1\nuser['items'] = 2\ncontext.idToken.a = [user.get('get'), user['items'], len(user.items()) > 5]",
        {"a": [1, 2, True]}),
    "constants": ("context.idToken.a = [..., None, True][1:] + [... is Ellipsis, 0x1F, 1_000, 1e3, not 1]",
                  {"a": [None, True, True, 31, 1000, 1000.0, False]}),
    "text and bytes": (
        "context.idToken.a = ['a-b'.title().encode('cp1252').decode(), b'ab'.hex(), 'ß'.upper(), 'abc'[::-1], 'x'.join('abc'), str(b'x', 'utf-8')]",
        {"a": ["A-B", "6162", "SS", "cba", "axbxc", "x"]}),
    "dates": (
        "import datetime\nfrom datetime import timedelta\nnow = datetime.datetime.now(datetime.timezone.utc)\n"
        "then = datetime.datetime.strptime('2020-02-29', '%Y-%m-%d')\n"
        "context.idToken.a = [now.isoformat(), (then + timedelta(days=1)).strftime('%A %d %B'), f'{then:%H:%M}', now > now - timedelta(1),\n"
        "  datetime.datetime.fromtimestamp(0).isoformat(), then.timestamp(), str(datetime.date.today()), now.astimezone(datetime.timezone(timedelta(hours=2))).hour]",
        {"a": ["2027-01-15T08:00:00.123456+00:00", "Sunday 01 March", "00:00", True, "1970-01-01T00:00:00", 1582934400.0,
               "2027-01-15", 10]}),
}  # fmt: skip


@pytest.mark.parametrize("name", ORDINARY)
async def test_ordinary_python_works(pool: Pool, name: str) -> None:
    body, expected = ORDINARY[name]
    assert await trial.claims(pool, rule(body)) == expected


async def test_a_script_has_a_module_level_a_future_import_and_globals(pool: Pool) -> None:
    script = (
        '"""What it does."""\nfrom __future__ import annotations\nimport json as j, re\nfrom urllib.parse import quote as q\n'
        "import urllib.parse\nTOTAL = 1\n\ndef up() -> int:\n    global TOTAL\n    TOTAL += 1\n    return TOTAL\n\n"
        "def rule(user: User, context: Context) -> None:\n    up()\n"
        "    context.idToken.a = [up(), j.dumps([1]), q('a b'), urllib.parse.unquote('%20'), bool(re.match('a', 'ab'))]\n"
        "    return None\n"
    )
    assert await trial.claims(pool, script) == {"a": [3, "[1]", "a%20b", " ", True]}


BUILTIN_USES = """
seen = [None, True, False, NotImplemented is None, Ellipsis is ..., abs(-1), all([1]), any([0]), ascii('é'), bin(2),
    bool(1), bytes(1) == b'\\0', callable(len), chr(97), dict(a=1), list(divmod(7, 2)), list(enumerate('a')),
    list(filter(None, [0, 1])), float('1.5'), format(1, '>3'), sorted(frozenset('a')), hex(255), int('7'),
    isinstance(1, int), issubclass(bool, int), next(iter([4])), len('ab'), list('ab'), list(map(str, [1])),
    max(1, 2), min(1, 2), object() is None, oct(8), ord('a'), pow(2, 3), property(len) is None, list(range(2)),
    repr('a'), list(reversed('ab')), round(1.26, 1), sorted(set('a')), [1, 2, 3][slice(1, 2)], sorted('ba'),
    classmethod(len) is None, staticmethod(len) is None, str(1), sum([1, 2]), list(tuple('a')), list(zip('a', 'b'))]
for kind in (ArithmeticError, AssertionError, AttributeError, Exception, IndexError, KeyError, LookupError, MemoryError,
        NameError, NotImplementedError, OverflowError, RecursionError, RuntimeError, StopIteration, TimeoutError,
        TypeError, UnicodeError, ValueError, ZeroDivisionError, ImportError, UnauthorizedError):
    try:
        raise kind('x')
    except kind as e:
        assert e.args == ('x',)
for kind, make in ((UnicodeDecodeError, lambda: b'\\xff'.decode()), (UnicodeEncodeError, lambda: 'é'.encode('ascii'))):
    try:
        make()
    except kind:
        pass
class A:
    pass
a = A()
setattr(a, 'x', 1)
seen += [getattr(a, 'x'), hasattr(a, 'y'), type(1) is int, type(a) is A]
delattr(a, 'x')
print('hello', 1, sep='-', end='', flush=True)
auth0.users.updateUserMetadata(user.user_id, {'a': 1})
cache.set('n', 1)
seen += [cache.get('n'), configuration.KEY, http.get('https://h/').ok]
context.idToken.a = seen
"""


async def test_every_builtin_works(pool: Pool) -> None:
    missing = {name for name in {*BUILTINS, *PER_STEP} if name not in BUILTIN_USES}
    assert missing == set()
    result = await trial.answer(pool, rule(BUILTIN_USES))
    assert trial.outcomes(result) == ["passed"], journal.read(result.journal)
    assert result.returns["idToken"]["a"] == [
        None, True, False, False, True, 1, True, False, "'\\xe9'", "0b10", True, True, True, "a", {"a": 1}, [3, 1],
        [[0, "a"]], [1], 1.5, "  1", ["a"], "0xff", 7, True, True, 4, 2, ["a", "b"], ["1"], 2, 1, False, "0o10", 97, 8,
        False, [0, 1], "'a'", ["b", "a"], 1.3, ["a"], [2], ["a", "b"], False, False, "1", 3, ["a"], [["a", "b"]],
        1, False, True, True, 1, "a-key", True,
    ]  # fmt: skip
    assert trial.logs(result) == ["hello-1"]


async def test_a_missing_field_says_how_to_read_it(pool: Pool) -> None:
    result = await trial.answer(pool, rule("x = user.nickname"))
    message = (
        'AttributeError: there is no `nickname` here: `.get("nickname")` gives None for a field that may be missing'
    )
    assert trial.errors(result) == [("rule_raised", message, 2)]


CALLBACK = "def rule(user, context, callback):\n    "
# name: (script, outcome, denial as (kind, text), error code)
CALLBACKS: dict[str, tuple[str, str, tuple[str, str] | None, str | None]] = {
    "called": ("callback(None, user, context)", "passed", None, None),
    "called with nothing": ("callback(None)", "passed", None, None),
    "returned": ("return callback(None, user, context)", "passed", None, None),
    "never called": ("pass", "raised", ("server_error", "callback_not_called"), "callback_not_called"),
    "twice": ("callback(None)\n    callback(None)", "raised", ("server_error", "callback_called_twice"),
              "callback_called_twice"),
    "twice, swallowed": ("callback(None)\n    try:\n        callback(None)\n    except Exception:\n        pass", "raised",
                         ("server_error", "callback_called_twice"), "callback_called_twice"),
    "success, then denial": ("callback(None)\n    callback(UnauthorizedError('no'))", "raised",
                             ("server_error", "callback_called_twice"), "callback_called_twice"),
    "success, then raised denial": ("callback(None)\n    raise UnauthorizedError('no')", "denied", ("unauthorized", "no"), None),
    "denial, then success": ("callback(UnauthorizedError('no'))\n    callback(None, user, context)", "denied",
                             ("unauthorized", "no"), None),
    "denial, then raised": ("callback(UnauthorizedError('no'))\n    raise ValueError", "denied", ("unauthorized", "no"),
                            "rule_raised"),
    "another user": ("callback(None, dict(user), context)", "raised", ("server_error", "callback_object"), "callback_object"),
    "another context": ("callback(None, user, {})", "raised", ("server_error", "callback_object"), "callback_object"),
    "text": ("callback('locked')", "denied", ("access_denied", "locked"), None),
    "an exception": ("callback(Exception('locked'))", "denied", ("access_denied", "locked"), None),
    "a subclass": ("class No(UnauthorizedError):\n        pass\n    callback(No('x'))", "denied", ("unauthorized", "x"), None),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLBACKS)
async def test_callback(pool: Pool, name: str) -> None:
    body, outcome, denial, code = CALLBACKS[name]
    result = await trial.answer(pool, CALLBACK + body + "\n")
    assert trial.outcomes(result) == [outcome]
    assert (result.denial and (result.denial.kind, result.denial.text)) == denial
    assert [error[0] for error in trial.errors(result)] == ([code] if code else [])


async def test_a_raised_denial_ends_the_pipeline(pool: Pool) -> None:
    result = await trial.answer(
        pool, rule("context.idToken.a = lambda: 0\nraise UnauthorizedError('not today')"), rule("user.x = 1"), skip=True
    )
    assert result.denial is not None
    assert (result.denial.kind, result.denial.text, result.denial.step) == ("unauthorized", "not today", 0)
    assert (trial.outcomes(result), result.returns) == (["denied"], {})


async def test_state_is_fresh_in_every_execution(pool: Pool) -> None:
    script = (
        "seen = []\nclass Kept:\n    n = []\ndef rule(user, context, more=None):\n    pass\n".replace(", more=None", "")
        + "def keep(user, kept=[]):\n    kept.append(user.email)\n    seen.append(user.email)\n    Kept.n.append(user.email)\n"
        "    return [kept, seen, Kept.n]\n"
    ).replace("    pass\ndef keep", "    context.idToken.a = keep(user)\ndef keep")
    for email in ("one", "two"):
        assert await trial.claims(pool, script, user={"email": email}, key="fresh") == {"a": [[email]] * 3}


async def test_the_same_request_gives_the_same_bytes(pool: Pool) -> None:
    script = rule(
        "import random, uuid, secrets, time, datetime\nxs = list(range(9))\nrandom.shuffle(xs)\n"
        "print({'a', 'b', 'c', 'd'}, str(uuid.uuid4()))\n"
        "context.idToken.a = [xs, random.random(), random.randint(0, 10**9), secrets.token_hex(), time.time(),\n"
        "  str(datetime.datetime.now()), str(uuid.uuid4()), random.sample(xs, 3), list({'x', 'y', 'z'})]"
    )
    first, second = [await trial.answer(pool, script, key=key) for key in ("one", "two")]
    assert _timeless(first) == _timeless(second)
    other = await trial.answer(pool, script, seed=b"x" * 32)
    assert _timeless(first) != _timeless(other)


def _timeless(answer: Any) -> Any:
    events = [
        msgspec.structs.replace(event, microseconds=0) if isinstance(event, journal.End) else event
        for event in journal.read(answer.journal)
    ]
    return answer.returns, answer.updates, answer.denial, events


async def test_rules_pass_plain_data_on(pool: Pool) -> None:
    first = rule("class A:\n    pass\nuser.t = (1, 2)\nuser.a = A()\nuser.b = {'c': lambda: 0}\ncontext.ok = [user.t]")
    second = rule("context.idToken.a = [user.t, user.get('a'), user.get('b'), context.ok]")
    assert await trial.claims(pool, first, second) == {"a": [[1, 2], None, None, [[1, 2]]]}


NOT_JSON = {
    "{1}": "a `set` is not JSON: write `sorted(...)`",
    "b'x'": "a `bytes` is not JSON: write `.decode()`, or `base64.b64encode(...).decode()`",
    "lambda: 0": "a `function` is not JSON: use text, numbers, lists and dicts",
    "2 ** 70": "an integer does not fit into 64 bits: write `str(...)`",
    "float('nan')": "nan is no number in JSON",
    "[1, [float('inf')]]": "inf is no number in JSON",
    "'\\ud800'": "a string holds half a surrogate pair",
    "{'a': {1: 2}}": "a key is a `int`: keys are strings in JSON",
    "(x for x in [])": "a `generator` is not JSON: write `list(...)`",
    "map(str, [])": "a `map` is not JSON: write `list(...)`",
    "{}.keys()": "a `dict_keys` is not JSON: write `list(...)`",
    "datetime.datetime.now()": "a `datetime` is not JSON: write `.isoformat()`, or `int(....timestamp())`",
    "uuid.uuid4()": "a `UUID` is not JSON: write `str(...)`",
    "ValueError('x')": "a `ValueError` is not JSON: use text, numbers, lists and dicts",
    "int": "a `type` is not JSON: use text, numbers, lists and dicts",
    "json": "a `Module` is not JSON: use text, numbers, lists and dicts",
    "user.get": "a `builtin_function_or_method` is not JSON: use text, numbers, lists and dicts",
    "deep": "it is nested too deeply, or holds itself",
}


async def test_values_that_are_not_json_are_taken_out_and_reported(pool: Pool) -> None:
    body = "import datetime, uuid, json\ndeep = []\nfor _ in range(40):\n    deep = [deep]\ncontext.idToken.ok = 1\n"
    for index, value in enumerate(NOT_JSON):
        body += f"context.idToken['k{index}'] = {value}\n"
    result = await trial.answer(pool, rule(body))
    assert trial.outcomes(result) == ["passed"]
    assert result.returns["idToken"] == {"ok": 1}
    assert trial.refusals(result) == [
        (f"/context/idToken/k{index}", reason) for index, reason in enumerate(NOT_JSON.values())
    ]


async def test_what_is_taken_out_is_no_more_than_what_is_wrong(pool: Pool) -> None:
    body = "user['app_metadata'] = dict(user.app_metadata)\nuser.app_metadata.bad = {1}\nuser.app_metadata.good = 1\n"
    result = await trial.answer(pool, rule(body), rule("context.idToken.a = user.app_metadata"))
    assert result.returns["idToken"] == {"a": {"roles": ["admin", "staff"], "level": 3, "good": 1}}
    assert trial.refusals(result) == [("/user/app_metadata/bad", "a `set` is not JSON: write `sorted(...)`")]


# name: (body, outcome, error code, message)
BUDGETS = {
    "claims": ("context.idToken.a = 'x' * 110_000", "exhausted", "claims_too_large",
               "`context.idToken` has 110008 bytes: the limit is 102400"),
    "claims replaced": ("context.idToken = [1]", "raised", "claims_replaced", "`context.idToken` must stay a dict: set claims on it"),
    "writes": ("for i in range(3000):\n    context.n = i", "exhausted", "too_many_writes",
               "more than 2000 writes in one execution"),
    "writes, swallowed": ("for i in range(3000):\n    try:\n        context.n = i\n    except:\n        pass", "exhausted",
                          "too_many_writes", "more than 2000 writes in one execution"),
    "trace": ("for i in range(1000):\n    context['k' * 8000 + str(i)] = 1", "exhausted", "trace_too_large",
              "the trace of one execution has more than 2097152 bytes"),
    "holds itself": ("a = []\na.append(a)\nuser.a = a", "exhausted", "too_large",
                     "the value holds too many objects, or holds itself"),
    "bomb of references": ("a = []\nfor _ in range(40):\n    a = [a, a]\nuser.a = a", "exhausted", "too_large",
                           "the value holds too many objects, or holds itself"),
    "redirect": ("context.redirect = {'url': 'x' * 110_000}", "exhausted", "too_large",
                 "`context.redirect` has 110010 bytes: the limit is 102400"),
    "metadata": ("auth0.users.updateUserMetadata(user.user_id, {'a': 'x' * 300_000})", "exhausted", "updates_too_large",
                 "the changes of `user_metadata` have 300008 bytes: the limit is 262144"),
    "recursion": ("def f():\n    f()\nf()", "exhausted", "rule_recursion", "the rule nests its calls too deeply"),
    "memory": ("a = 'x' * 10 ** 10", "exhausted", "rule_memory", "the rule used up its memory"),
    "memory, slowly": ("a = []\nwhile True:\n    a.append(bytes(10 ** 7))", "exhausted", "rule_memory", "the rule used up its memory"),
}  # fmt: skip


@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("name", BUDGETS)
async def test_budgets(pool: Pool, name: str, skip: bool) -> None:
    body, outcome, code, message = BUDGETS[name]
    good = rule("context.idToken.after = user.email")
    result = await trial.answer(pool, rule(body), good, skip=skip)
    assert trial.errors(result)[0][:2] == (code, message)
    if skip:
        assert (trial.outcomes(result), result.skipped, result.denial) == ([outcome, "passed"], [0], None)
        assert result.returns == {"idToken": {"after": "ada@example.com"}, "accessToken": {}}
    else:
        assert result.denial is not None
        assert (trial.outcomes(result), result.denial.kind, result.denial.text) == ([outcome], "server_error", code)


async def test_logs_are_cut(pool: Pool) -> None:
    result = await trial.answer(pool, rule("print('x' * 3000)\nfor i in range(200):\n    print(i)"))
    lines = trial.logs(result)
    assert lines[0] == "x" * 2000 + "... (3000 characters)"
    assert lines[1:] == [str(i) for i in range(99)] + ["more than 100 lines: the rest is dropped"]


# name: (body, updates of user_metadata)
UPDATES: dict[str, tuple[str, Any]] = {
    "once": ("u.updateUserMetadata(i, {'a': 1})", {"a": 1}),
    "python spelling": ("u.update_user_metadata(i, {'a': [1]})", {"a": [1]}),
    "merged at the root": ("u.updateUserMetadata(i, {'a': {'b': 1}, 'c': 1})\nu.updateUserMetadata(i, {'a': {'d': 2}})",
                           {"a": {"d": 2}, "c": 1}),
    "null deletes": ("u.updateUserMetadata(i, {'a': 1})\nu.updateUserMetadata(i, {'a': None})", {"a": None}),
    "empty clears": ("u.updateUserMetadata(i, {'a': 1})\nu.updateUserMetadata(i, {})", {}),
    "after clearing": ("u.updateUserMetadata(i, {})\nu.updateUserMetadata(i, {'a': 1})", {"color": None, "a": 1}),
    "later changes do not reach it": ("p = {'a': [1]}\nu.updateUserMetadata(i, p)\np['a'].append(2)", {"a": [1]}),
}  # fmt: skip


@pytest.mark.parametrize("name", UPDATES)
async def test_updates(pool: Pool, name: str) -> None:
    body, expected = UPDATES[name]
    result = await trial.answer(pool, rule("u, i = auth0.users, user.user_id\n" + body))
    assert (trial.outcomes(result), result.updates) == (["passed"], {"user_metadata": expected, "app_metadata": None})


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("updateAppMetadata('auth0|2', {})", "ValueError: only the metadata of the user who logs in can be changed, not of 'auth0|2'"),
        ("updateAppMetadata(user.setdefault('other', 'auth0|2'), {})", "ValueError: only the metadata of the user who logs in can be changed, not of 'auth0|2'"),
        ("updateAppMetadata(user.user_id, [])", "TypeError: `app_metadata` is changed by a dict, not by a `list`"),
        ("updateAppMetadata(user.user_id, {'a': {1}})", "ValueError: `app_metadata`: a `set` is not JSON: write `sorted(...)`"),
    ],
)  # fmt: skip
async def test_updates_that_are_refused(pool: Pool, call: str, message: str) -> None:
    result = await trial.answer(pool, rule("auth0.users." + call), skip=True)
    assert trial.errors(result) == [("rule_raised", message, 2)]
    assert result.updates == {"user_metadata": None, "app_metadata": None}


async def test_a_skipped_rule_leaves_nothing(pool: Pool) -> None:
    broken = rule("user.x = 1\ncontext.idToken.y = 2\nauth0.users.updateAppMetadata(user.user_id, {'a': 1})\nuser.nope")
    after = rule("context.idToken.a = [user.get('x'), context.idToken.get('y')]")
    result = await trial.answer(pool, broken, after, skip=True)
    assert (result.returns["idToken"], result.updates["app_metadata"]) == ({"a": [None, None]}, None)
    assert (result.skipped, trial.outcomes(result)) == ([0], ["raised", "passed"])


@pytest.mark.parametrize("part", ["user", "context"])
@pytest.mark.parametrize(
    "text", [b"[1]", b"1", b"{", b'{"a": "\xff"}', b"[" * 5000, b'{"a":' + b"[" * 300 + b"]" * 300 + b"}"]
)
async def test_a_transaction_that_cannot_be_read_is_invalid(pool: Pool, part: str, text: bytes) -> None:
    code = await trial.compiled(pool, rule("context.idToken.a = 1"))
    result = await pool.run(msgspec.structs.replace(trial.request(code), **{part: text}))
    assert isinstance(result, Answer)
    assert result.invalid is not None
    assert (result.returns, trial.outcomes(result)) == ({}, [])


async def test_data_that_was_deep_already_is_left_alone(pool: Pool) -> None:
    deep: list[Any] = []
    for _ in range(100):
        deep = [deep]
    result = await trial.answer(pool, rule("user.x = 1\ncontext.idToken.a = 1"), user={"deep": deep})
    assert (result.returns["idToken"], trial.refusals(result)) == ({"a": 1}, [])
