"""What an author is told of an exception: the rule's own frames, lines and values, and nothing of ours."""

# ruff: noqa: E501

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from sandbox import journal
from sandbox.journal import Error
from sandbox.limits import Limits
from sandbox.pool import Killed, Pool
from sandbox.wire import Answer
from tests.sandbox import trial
from tests.sandbox.trial import rule

pytestmark = pytest.mark.anyio

SMALL: dict[str, Any] = {"user_id": "u", "none": None, "roles": ["a"], "n": 1}


@pytest.fixture(scope="module")
async def patient(anyio_backend: str) -> AsyncIterator[Pool]:
    """A pool whose rules have time, on a machine that is busy with other tests."""
    pool = trial.pool(Limits(rule_time=1.5, kill_grace=0.5, execution_time=20.0))
    await pool.start()
    yield pool
    await pool.close()


async def error(pool: Pool, script: str, **changes: Any) -> Error:
    """Of the first rule that failed."""
    result = await trial.answer(pool, script, user=SMALL, **changes)
    (found,) = [event.error for event in journal.read(result.journal) if isinstance(event, journal.End)]
    assert found is not None
    return found


def frames(error: Error) -> list[tuple[int, str, str | None, dict[str, str], int | None, int | None]]:
    return [(f.line, f.function, f.source, f.values, f.column, f.end_column) for f in error.frames]


# Frames

FRAMES: dict[str, tuple[str, list[tuple[int, str, str | None, dict[str, str], int | None, int | None]]]] = {
    "one": ("a, b = 1, 'x'\nreturn a / (b == 'x' and 0)", [(3, "rule", "    return a / (b == 'x' and 0)", {"a": "1", "b": '"x"'}, 12, 32)]),
    "two": (
        "def half(n):\n    return n / 0\nhalf(user.n)",
        [
            (4, "rule", "    half(user.n)", {"user": '{"user_id": "u", "none": None, "roles": ["a"], "n": 1}'}, 5, 17),
            (3, "half", "        return n / 0", {"n": "1"}, 16, 21),
        ],
    ),
    "characters, not bytes": ("é = 'ü'; ö = 1 / 0", [(2, "rule", "    é = 'ü'; ö = 1 / 0", {"é": '"ü"'}, 18, 23)]),
    "an expression over lines": (
        "a = 0\nb = [\n    1,\n    2 /\n    a,\n]",
        [(5, "rule", "        2 /", {"a": "0"}, 9, None)],
    ),
    "a callback from C": (
        "l = [3]\nsorted(l, key=lambda x: x.y)",
        [
            (3, "rule", "    sorted(l, key=lambda x: x.y)", {"l": "[3]"}, 5, 33),
            (3, "<lambda>", "    sorted(l, key=lambda x: x.y)", {"x": "3"}, 29, 32),
        ],
    ),
    "a generator": (
        "def g(n):\n    yield n.x\nlist(g(5))",
        [(4, "rule", "    list(g(5))", {}, 5, 15), (3, "g", "        yield n.x", {"n": "5"}, 15, 18)],
    ),
    "a method": (
        "class A:\n    def go(self, n):\n        raise ValueError(n)\nA().go(1)",
        [(5, "rule", "    A().go(1)", {}, 5, 14), (4, "go", "            raise ValueError(n)", {"n": "1"}, 13, 32)],
    ),
    "a raise": ("x = 1\nraise ValueError(x)", [(3, "rule", "    raise ValueError(x)", {"x": "1"}, 5, 24)]),
    "an assertion": ("x = 1\nassert x == 2, 'no'", [(3, "rule", "    assert x == 2, 'no'", {"x": "1"}, None, None)]),
    "a name without a value": ("print(x)\nx = 1", [(2, "rule", "    print(x)", {}, 11, 12)]),
    "an augmented assignment": ("d = {}\nd.x += 1", [(3, "rule", "    d.x += 1", {"d": "{}"}, 5, 8)]),
    "a deletion": ("d = {}\ndel d['x']", [(3, "rule", "    del d['x']", {"d": "{}"}, 9, 15)]),
    "an import": ("import datetime\nn = 13\ndatetime.date(2020, n, 1)", [(4, "rule", "    datetime.date(2020, n, 1)", {"n": "13"}, 5, 30)]),
}  # fmt: skip


@pytest.mark.parametrize("name", FRAMES)
async def test_frames(pool: Pool, name: str) -> None:
    body, expected = FRAMES[name]
    found = frames(await error(pool, rule(body)))
    if name in ("an assertion",):
        # Where an assertion ends, the versions of Python differ.
        found = [(*frame[:4], None, None) for frame in found]
    assert found == expected


async def test_names_of_the_script(pool: Pool) -> None:
    found = await error(pool, "LIMIT = 5\nNAMES = {'a': [1]}\ndef rule(user, context):\n    NAMES.b = LIMIT / 0\n")
    assert found.frames[0].values == {"NAMES": '{"a": [1]}', "LIMIT": "5"}


async def test_the_top_of_the_script(pool: Pool) -> None:
    found = await error(pool, "x = 0\ny = 1 / x\ndef rule(user, context):\n    pass\n")
    assert frames(found) == [(2, "<module>", "y = 1 / x", {"x": "0"}, 5, 10)]


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
async def test_ends_of_lines(pool: Pool, end: str) -> None:
    text = f"# \x0b \x0c \x1c \u2028 no ends{end}def rule(user, context):{end}    a = 0{end}    return 1 / a{end}"
    assert frames(await error(pool, text)) == [(4, "rule", "    return 1 / a", {"a": "0"}, 12, 17)]


async def test_a_byte_order_mark(pool: Pool) -> None:
    assert frames(await error(pool, "\ufeffx = 1 / 0\ndef rule(user, context):\n    pass")) == [
        (1, "<module>", "x = 1 / 0", {}, 5, 10)
    ]


# Values

VALUES = {
    "None": "None",
    "True": "True",
    "12": "12",
    "1.5": "1.5",
    "'a\"b\\n'": '"a\\"b\\n"',
    "'é'": '"é"',
    "'\\u2028\\ud800'": '"\\u2028\\ud800"',
    "'a' * 500": '"' + "a" * 116 + "...",
    "b'a'": "b'a'",
    "2 ** 255": str(2**255),
    "2 ** 10_000": "<int of 10001 bits>",
    "[1, [2, [3, [4, [5]]]]]": "[1, [2, [3, [4, [...]]]]]",
    "(1, 'a')": '(1, "a")',
    "[0] * 10_000": ("[" + "0, " * 39)[:117] + "...",
    "{'a': {1: 2}}": '{"a": {1: 2}}',
    "{1}": "<set of 1>",
    "range(3)": "<range>",
    "object()": "<object>",
    "(x for x in [])": "<generator>",
    "datetime.date(2020, 1, 2)": "<date 2020-01-02>",
    "datetime.datetime(2020, 1, 2, tzinfo=datetime.timezone.utc)": "<datetime 2020-01-02T00:00:00+00:00>",
    "datetime.datetime(2020, 1, 2, tzinfo=zoneinfo.ZoneInfo('Europe/Berlin'))": "<datetime>",
    "collections.Counter('a')": "<Counter>",
    "re.compile('a')": "<Pattern>",
    "ValueError('a')": "<ValueError>",
    "len": None,
    "ValueError": None,
    "datetime": None,
    "datetime.date": None,
    "'a'.upper": None,
    "[].append": None,
    "(lambda: 1)": None,
    "auth0.users": None,
}


@pytest.mark.parametrize("value", VALUES)
async def test_values(pool: Pool, value: str) -> None:
    script = "import collections, datetime, re, zoneinfo\n" + rule(f"v = {value}\nv; 1 / 0")
    expected = VALUES[value]
    assert (await error(pool, script)).frames[0].values == ({} if expected is None else {"v": expected})


HOSTILE = """
class Loud(BASE):
METHODS
    def shout(self):
        print("called")
    name = isoformat = bit_length = items = args = code = line = property(shout)
class Other:
    pass
def rule(user, context):
    a, b = Loud(), Other()
    c, d, e = [a], {"a": a}, (a, Loud)
    a, b, c, d, e; 1 / 0
"""


@pytest.mark.parametrize("base", ["object", "Exception", "KeyError"])
async def test_no_method_of_an_object_of_the_rule_is_called(pool: Pool, base: str) -> None:
    names = "repr str hash eq len iter bool lt getitem contains call".split()
    methods = "".join(f"    def __{name}__(self, *a):\n        print('called')\n" for name in names)
    result = await trial.answer(pool, HOSTILE.replace("BASE", base).replace("METHODS", methods))
    end = journal.read(result.journal)[-1]
    assert isinstance(end, journal.End)
    assert end.error is not None
    assert end.error.frames[0].values == {
        "a": "<Loud>",
        "b": "<Other>",
        "c": "[<Loud>]",
        "d": '{"a": <Loud>}',
        "e": "(<Loud>, <RuleClass>)",
    }
    assert trial.logs(result) == []


async def test_long_names(pool: Pool) -> None:
    name = "n" * 5_000
    text = f"class {name}:\n    pass\ndef {name}1():\n    {name}2 = {name}()\n    {name}2; 1 / 0\ndef rule(user, context):\n    {name}1()\n"
    found = (await error(pool, text)).frames[-1]
    assert found.function == "n" * 100
    assert found.values == {"n" * 100: "<" + "n" * 60 + ">"}
    assert found.source == ("    " + name)[:197] + "..."
    raised = await error(
        pool, f"class {name}(Exception):\n    pass\ndef rule(user, context):\n    raise {name}('x' * 5_000)\n"
    )
    assert raised.message == "n" * 100 + ": " + "x" * 1_000


async def test_many_names_and_many_frames(pool: Pool) -> None:
    names = [f"v{n}" for n in range(30)]
    found = (await error(pool, rule(" = ".join(names) + " = 7\n" + "; ".join(names) + "; 1 / 0"))).frames[0]
    assert found.values == dict.fromkeys(names[:10], "7")
    deep = await error(pool, rule("def f(n):\n    return f(n - 1) if n else 1 / 0\nf(100)"))
    assert [frame.values.get("n") for frame in deep.frames] == [
        None,
        *map(str, range(100, 91, -1)),
        *map(str, range(9, -1, -1)),
    ]
    assert deep.line == 3


async def test_a_big_error_takes_no_long_time(patient: Pool) -> None:
    """Many different places in one large function, each with values of many parts."""
    lines = "".join(f"    if n == {n}:\n        return f(n + 1), big, wide\n" for n in range(700))
    body = f"big, wide = [[['a'] * 100] * 100] * 100, dict.fromkeys(range(10_000), 'b')\ndef f(n):\n{lines}    1 / 0\nf(400)"
    found = await error(patient, rule(body))
    assert found.code in ("rule_raised", "rule_recursion")
    assert len(found.frames) == 20
    assert found.frames[5].values["big"].startswith("[[[")


# Causes


async def test_causes(pool: Pool) -> None:
    body = "try:\n    try:\n        user.missing\n    except Exception as e:\n        raise KeyError('second') from e\nexcept KeyError:\n    1 / 0"
    found = await error(pool, rule(body))
    assert (found.message, found.line) == ("ZeroDivisionError: division by zero", 8)
    assert [(cause.message, cause.line, [frame.source for frame in cause.frames]) for cause in found.causes] == [
        ("KeyError: 'second'", 6, ["            raise KeyError('second') from e"]),
        ("AttributeError: there is no `missing` here: `.get(\"missing\")` gives None for a field that may be missing", 4, ["            user.missing"]),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "causes"),
    [
        ("try:\n    1 / 0\nexcept Exception:\n    raise ValueError from None", []),
        ("raise ValueError from KeyError('k')", ["KeyError: 'k'"]),
        ("a, b = ValueError('a'), ValueError('b')\ntry:\n    raise a from b\nexcept Exception:\n    raise b from a", ["ValueError: a"]),
        ("e = ValueError(0)\nfor n in range(1, 9):\n    try:\n        raise ValueError(n) from e\n    except ValueError as f:\n        e = f\nraise e", ["ValueError: 7", "ValueError: 6", "ValueError: 5"]),
        ("import zoneinfo\nzoneinfo.ZoneInfo('no/such')", []),
        ("import json\njson.loads('{')", []),
        ("import decimal\ndecimal.Decimal('x')", []),
        ("import base64\nbase64.b64decode('a')", []),
        ("import datetime\ndatetime.datetime.strptime('a', '%Y')", []),
        ("int('a' * 5_000)", []),
    ],
)  # fmt: skip
async def test_chains(pool: Pool, body: str, causes: list[str]) -> None:
    found = await error(pool, rule(body))
    assert [cause.message for cause in found.causes] == causes


async def test_the_text_of_a_cause_is_in_the_time_of_the_rule(pool: Pool) -> None:
    body = "class E(Exception):\n    def __str__(self):\n        while True:\n            pass\ntry:\n    raise E\nexcept E:\n    1 / 0"
    assert (await error(pool, rule(body))).code == "rule_timed_out"


async def test_a_cause_with_no_text(pool: Pool) -> None:
    body = "class E(Exception):\n    def __str__(self):\n        raise self\ntry:\n    raise E\nexcept E:\n    raise E"
    found = await error(pool, rule(body))
    assert (found.message, [cause.message for cause in found.causes]) == ("E", ["E"])


# Limits


async def test_where_it_hung(patient: Pool) -> None:
    found = await error(patient, rule("def spin(n):\n    while n:\n        n += 0\nspin(41)"))
    assert (found.code, found.message) == ("rule_timed_out", "the rule ran longer than 1500 ms")
    assert [(frame.line, frame.function) for frame in found.frames] == [(5, "rule"), (found.line, "spin")]
    assert found.line in (3, 4)
    assert found.frames[1].values == {"n": "41"}


async def test_a_kill_from_outside_knows_the_line(pool: Pool) -> None:
    result = await trial.run(pool, rule("x = 1\nsum(range(10 ** 12))"))
    assert isinstance(result, Killed)
    assert result.line == 3


async def test_where_memory_ended(patient: Pool) -> None:
    found = await error(patient, rule("def grow(size):\n    return 'a' * size\ngrow(10 ** 10)"))
    assert found.code == "rule_memory"
    assert [(frame.line, frame.values) for frame in found.frames] == [(4, {}), (3, {"size": "10000000000"})]


async def test_where_a_budget_ended(pool: Pool) -> None:
    found = await error(pool, rule("def put(n):\n    user.x = n\nfor i in range(5_000):\n    put(i)"))
    assert (found.code, found.line) == ("too_many_writes", 3)
    assert [(frame.line, frame.function, frame.values.get("n")) for frame in found.frames] == [
        (5, "rule", None),
        (3, "put", "2000"),
    ]


# Nothing of ours

SAYS_MUCH = {
    "a guard": "user.missing.x",
    "an item": "user['missing']",
    "a store": "user.none.x = 1",
    "json": "import json\njson.dumps({1})",
    "re": "import re\nre.compile('(')",
    "strptime": "import datetime\ndatetime.datetime.strptime('a', '%Y')",
    "zone": "import zoneinfo\nzoneinfo.ZoneInfo('no/such')",
    "formats": "'{.x}'.format(1)",
    "update": "auth0.users.updateUserMetadata('other', {})",
    "import": "n = 1\nimport json\njson.loads(n)",
    "wrong call": "print(1, nothing=2)",
    "callback": "user.update(1)",
    "statistics": "import statistics\nstatistics.mean([])",
    "a class": "class A(int):\n    pass",
    "too deep": "def f():\n    f()\nf()",
    "jwt": "import jwt\njwt.decode('a.b.c', 'k', algorithms=['HS256'])",
    "ipaddress": "import ipaddress\nipaddress.ip_address('x')",
    "uuid": "import uuid\nuuid.UUID('x')",
    "sort": "user.roles.sort(key=1)",
    "match": "match user:\n    case {'roles': [x]}:\n        x.nothing",
    "super": "class A:\n    def __init__(self):\n        super().nothing()\nA()",
}


@pytest.mark.parametrize("name", SAYS_MUCH)
async def test_no_host_frames_paths_or_hooks(pool: Pool, name: str) -> None:
    found = await error(pool, rule(SAYS_MUCH[name]))
    assert {frame.function for frame in found.frames} <= {"rule", "f", "A", "__init__"}
    lines = rule(SAYS_MUCH[name]).split("\n")
    assert all(frame.source == lines[frame.line - 1] for frame in found.frames)
    text = msgspec.json.encode(found).decode()
    assert [word for word in (".py", "site-packages", "/usr", "/lib", "/work", "0x", "_getattr_", "_write_", "_getitem_", "_inplacevar_", "_super_", "__builtins__", "sandbox") if word in text] == []  # fmt: skip


# Advice

ADVICE = {
    "user.nick": 'AttributeError: there is no `nick` here: `.get("nick")` gives None for a field that may be missing',
    "user.none.lower()": "AttributeError: a `NoneType` has no attribute `lower` in rules: `user.none` is None",
    "user.get('x').y": "AttributeError: a `NoneType` has no attribute `y` in rules: `user.get('x')` is None",
    "user.none.x = 1": "TypeError: attributes of a `NoneType` cannot be changed: `user.none` is None",
    "user.none['x'] = 1": "TypeError: a `NoneType` cannot be changed: `user.none` is None",
    "user.none['x']": "TypeError: 'NoneType' object is not subscriptable: `user.none` is None",
    "user.n[0]": "TypeError: 'int' object is not subscriptable: `user.n` is an `int`",
    "n = None\nn.x": "AttributeError: a `NoneType` has no attribute `x` in rules: `n` is None",
    "user.roles()": "TypeError: 'list' object is not callable: `user.roles` is a `list`",
    "user.none()": "TypeError: 'NoneType' object is not callable: `user.none` is None",
    "len(user.none)": "TypeError: object of type 'NoneType' has no len(): `user.none` is None",
    "for x in user.none:  # each\n    pass": "TypeError: 'NoneType' object is not iterable: `user.none` is None",
    "for x in user.none: pass": "TypeError: 'NoneType' object is not iterable: `user.none` is None",
    "[x for x in user.none]": "TypeError: 'NoneType' object is not iterable: `user.none` is None",
    "'a' in user.none": "TypeError: argument of type 'NoneType' is not iterable: `user.none` is None",
    "user.none + 1": "TypeError: unsupported operand type(s) for +: 'NoneType' and 'int': `user.none` is None",
    "1 + user.none": "TypeError: unsupported operand type(s) for +: 'int' and 'NoneType': `user.none` is None",
    "user.none += 1": "TypeError: unsupported operand type(s) for +=: 'NoneType' and 'int': `user.none` is None",
    "'a' + user.none": "TypeError: can only concatenate str (not \"NoneType\") to str: `user.none` is None",
    "user.none > 1": "TypeError: '>' not supported between instances of 'NoneType' and 'int': `user.none` is None",
    "user.user_id.toLowerCase()": "AttributeError: a `str` has no attribute `toLowerCase` in rules: write `.lower()`",
    "user.roles.push(1)": "AttributeError: a `list` has no attribute `push` in rules: write `.append(...)`",
    # What is not to blame is not blamed.
    "import itertools\nit = itertools.chain.from_iterable([None])\nfor x in it:\n    pass": "TypeError: 'NoneType' object is not iterable",
    "user.roles.sort(key=3)": "TypeError: 'int' object is not callable",
    "sorted([1], key=3)": "TypeError: 'int' object is not callable",
    "raise TypeError(\"'NoneType' object is not callable\")": "TypeError: 'NoneType' object is not callable",
    "None.x": "AttributeError: a `NoneType` has no attribute `x` in rules",
    "user.none < user.none": "TypeError: '<' not supported between instances of 'NoneType' and 'NoneType'",
    "x = {}\nx[" + "'a' + " * 400 + "'b'].c": "KeyError: '" + "a" * 400 + "b'",
}  # fmt: skip


@pytest.mark.parametrize("body", ADVICE, ids=lambda body: body[:40])
async def test_advice(pool: Pool, body: str) -> None:
    assert (await error(pool, rule(body))).message == ADVICE[body]


# What comes from a worker is not believed.

FRAME: dict[str, Any] = {"line": 1, "function": "f", "source": "s", "values": {"a": "1"}, "column": 1, "end_column": 2}
TOO_MUCH: dict[str, dict[str, Any]] = {
    "a line below zero": {"frames": [FRAME | {"line": -1}]},
    "a line beyond all scripts": {"frames": [FRAME | {"line": 2_000_000}]},
    "a column of zero": {"frames": [FRAME | {"column": 0}]},
    "a long function": {"frames": [FRAME | {"function": "f" * 101}]},
    "a long source": {"frames": [FRAME | {"source": "f" * 201}]},
    "a long value": {"frames": [FRAME | {"values": {"a": "1" * 121}}]},
    "a long name": {"frames": [FRAME | {"values": {"a" * 101: "1"}}]},
    "many values": {"frames": [FRAME | {"values": {str(n): "1" for n in range(11)}}]},
    "a value that is no text": {"frames": [FRAME | {"values": {"a": 1}}]},
    "many frames": {"frames": [FRAME] * 21},
    "a long message": {"message": "m" * 2_001},
    "many causes": {"causes": [{"message": "m"}] * 4},
    "many frames of a cause": {"causes": [{"message": "m", "frames": [FRAME] * 6}]},
    "pairs": {"frames": [[1, "f"]]},
}
FULL: dict[str, Any] = {
    "code": "rule_raised",
    "message": "m" * 2_000,
    "line": 1_000_000,
    "frames": [FRAME | {"values": {str(n): "é" * 120 for n in range(10)}}] * 20,
    "causes": [{"message": "m", "line": 1, "frames": [FRAME] * 5}] * 3,
}


def test_an_error_within_its_bounds_is_read() -> None:
    (event,) = journal.read(msgspec.json.encode([["end", 0, "raised", 1, FULL]]))
    assert isinstance(event, journal.End)
    assert msgspec.to_builtins(event.error) == FULL


@pytest.mark.parametrize("name", TOO_MUCH)
def test_an_error_beyond_its_bounds_is_not(name: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        journal.read(msgspec.json.encode([["end", 0, "raised", 1, FULL | TOO_MUCH[name]]]))


async def test_a_caller_is_told_the_code_only(pool: Pool) -> None:
    result = await trial.answer(pool, rule("secret = 'hunter2'\nraise ValueError(secret)"))
    assert isinstance(result, Answer)
    assert result.denial is not None
    assert (result.denial.kind, result.denial.text) == ("server_error", "rule_raised")
