"""What is refused at upload: each source with every problem's exact place, code and message."""

# ruff: noqa: E501

from __future__ import annotations

import time

import pytest

from sandbox.pool import Pool
from sandbox.wire import Problem

pytestmark = pytest.mark.anyio

# name: (source, problems as (line, column, code, message))
REFUSED: dict[str, tuple[str, list[tuple[int, int, str, str]]]] = {
    "no rule": (
        "x = 1\n",
        [
            (1, 1, "no_rule_function", "a script needs a function `def rule(user, context):` at its top level"),
        ],
    ),
    "nested rule": (
        "def f():\n    def rule(user, context):\n        pass\n",
        [
            (
                2,
                5,
                "no_rule_function",
                "`rule` on line 2 is not at the top level: a script needs a function `def rule(user, context):` at its top level",
            ),
        ],
    ),
    "two rules": (
        "def rule(user, context):\n    pass\ndef rule(user, context):\n    pass\n",
        [
            (3, 1, "second_rule_function", "`rule` is defined already on line 1: keep one of them"),
        ],
    ),
    "assigned rule": (
        "def rule(user, context):\n    pass\nrule = 1\n",
        [
            (3, 1, "second_rule_function", "`rule` is the rule's function: use another name here"),
        ],
    ),
    "no arguments": (
        "def rule():\n    pass\n",
        [
            (
                1,
                1,
                "wrong_arguments",
                "`rule` takes `(user, context)` or `(user, context, callback)`, without defaults or stars",
            ),
        ],
    ),
    "default": (
        "def rule(user, context, callback=None):\n    pass\n",
        [
            (
                1,
                1,
                "wrong_arguments",
                "`rule` takes `(user, context)` or `(user, context, callback)`, without defaults or stars",
            ),
        ],
    ),
    "star": (
        "def rule(*args):\n    pass\n",
        [
            (
                1,
                1,
                "wrong_arguments",
                "`rule` takes `(user, context)` or `(user, context, callback)`, without defaults or stars",
            ),
        ],
    ),
    "decorated": (
        "def d(f):\n    return f\n@d\ndef rule(user, context):\n    pass\n",
        [
            (4, 1, "wrong_arguments", "`rule` takes no decorators: call the function inside it"),
        ],
    ),
    "yields": (
        "def rule(user, context):\n    yield 1\n",
        [
            (1, 1, "wrong_arguments", "`rule` must not `yield`: it would never run"),
        ],
    ),
    "async rule": (
        "async def rule(user, context):\n    pass\n",
        [
            (1, 1, "syntax_not_allowed", "rules are not asynchronous: write `def`"),
        ],
    ),
    "await": (
        "def rule(user, context):\n    async def f():\n        await g\n",
        [
            (2, 5, "syntax_not_allowed", "rules are not asynchronous: write `def`"),
            (3, 15, "undefined_name", "`g` is not defined: a typing error, or a missing import?"),
        ],
    ),
    "async for": (
        "def rule(user, context):\n    async def f():\n        async for x in y: pass\n",
        [
            (2, 5, "syntax_not_allowed", "rules are not asynchronous: write `def`"),
            (3, 24, "undefined_name", "`y` is not defined: a typing error, or a missing import?"),
        ],
    ),
    "with": (
        "def rule(user, context):\n    with user: pass\n",
        [
            (2, 5, "syntax_not_allowed", "there is nothing to open in a rule: no context managers are available"),
        ],
    ),
    "except star": (
        "def rule(user, context):\n    try:\n        pass\n    except* ValueError:\n        pass\n",
        [
            (2, 5, "syntax_not_allowed", "exception groups are not available: write `except`"),
        ],
    ),
    "class pattern": (
        "def rule(user, context):\n    match user:\n        case dict(): pass\n",
        [
            (
                3,
                14,
                "syntax_not_allowed",
                "class patterns read attributes unguarded: test with `isinstance` in a `case _ if ...`",
            ),
        ],
    ),
    "dotted pattern": (
        "def rule(user, context):\n    match user:\n        case user.a: pass\n",
        [
            (3, 14, "syntax_not_allowed", "a dotted name in a pattern: write `case x if x == ...` instead"),
        ],
    ),
    "dotted pattern key": (
        "def rule(user, context):\n    match user:\n        case {user.a: 1}: pass\n",
        [
            (3, 14, "syntax_not_allowed", "a dotted name in a pattern: write `case x if ...` instead"),
        ],
    ),
    "pattern name": (
        "def rule(user, context):\n    match user:\n        case [_x, *_y]: pass\n        case {**_z}: pass\n",
        [
            (3, 15, "name_not_allowed", "`_x` begins with an underscore, which is kept for the sandbox: name it `x`"),
            (3, 19, "name_not_allowed", "`_y` begins with an underscore, which is kept for the sandbox: name it `y`"),
            (4, 14, "name_not_allowed", "`_z` begins with an underscore, which is kept for the sandbox: name it `z`"),
        ],
    ),
    "finally return": (
        "def rule(user, context):\n    try:\n        pass\n    finally:\n        return\n",
        [
            (
                5,
                9,
                "syntax_not_allowed",
                "`return` would leave `finally` and swallow the time limit: move it behind the `try`",
            ),
        ],
    ),
    "finally break": (
        "def rule(user, context):\n    while 1:\n        try:\n            pass\n        finally:\n            break\n",
        [
            (
                6,
                13,
                "syntax_not_allowed",
                "`break` would leave `finally` and swallow the time limit: move it behind the `try`",
            ),
        ],
    ),
    "finally for-else": (
        "def rule(user, context):\n    while 1:\n        try:\n            pass\n        finally:\n            for x in []:\n                break\n            else:\n                continue\n",
        [
            (
                9,
                17,
                "syntax_not_allowed",
                "`continue` would leave `finally` and swallow the time limit: move it behind the `try`",
            ),
        ],
    ),
    "underscore": (
        "def rule(user, context):\n    _x = 1\n",
        [
            (2, 5, "name_not_allowed", "`_x` begins with an underscore, which is kept for the sandbox: name it `x`"),
        ],
    ),
    "dunder name": (
        "def rule(user, context):\n    x = __builtins__\n",
        [
            (2, 9, "name_not_allowed", "`__builtins__` is not available in rules"),
        ],
    ),
    "hook": (
        "def rule(user, context):\n    _getattr_ = 1\n",
        [
            (
                2,
                5,
                "name_not_allowed",
                "`_getattr_` begins with an underscore, which is kept for the sandbox: name it `getattr`",
            ),
        ],
    ),
    "hook arg": (
        "def f(_getattr_, /, *, _write_, **_k):\n    pass\ndef rule(user, context):\n    pass\n",
        [
            (
                1,
                1,
                "name_not_allowed",
                "`_getattr_` begins with an underscore, which is kept for the sandbox: name it `getattr`",
            ),
            (1, 1, "name_not_allowed", "`_k` begins with an underscore, which is kept for the sandbox: name it `k`"),
            (
                1,
                1,
                "name_not_allowed",
                "`_write_` begins with an underscore, which is kept for the sandbox: name it `write`",
            ),
        ],
    ),
    "hook lambda": (
        "def rule(user, context):\n    lambda _getattr_: 0\n",
        [
            (
                2,
                5,
                "name_not_allowed",
                "`_getattr_` begins with an underscore, which is kept for the sandbox: name it `getattr`",
            ),
        ],
    ),
    "hook import": (
        "import json as _getattr_\ndef rule(user, context):\n    pass\n",
        [
            (
                1,
                1,
                "name_not_allowed",
                "`_getattr_` begins with an underscore, which is kept for the sandbox: name it `getattr`",
            ),
        ],
    ),
    "hook def": (
        "def rule(user, context):\n    def __import__(): pass\n",
        [
            (2, 5, "name_not_allowed", "`__import__` is not available in rules"),
        ],
    ),
    "hook class": (
        "def rule(user, context):\n    class __metaclass__: pass\n",
        [
            (2, 5, "name_not_allowed", "`__metaclass__` is not available in rules"),
        ],
    ),
    "hook except": (
        "def rule(user, context):\n    try:\n        pass\n    except Exception as _e:\n        pass\n",
        [
            (4, 5, "name_not_allowed", "`_e` begins with an underscore, which is kept for the sandbox: name it `e`"),
        ],
    ),
    "hook global": (
        "def rule(user, context):\n    global _x\n",
        [
            (2, 5, "name_not_allowed", "`_x` begins with an underscore, which is kept for the sandbox: name it `x`"),
        ],
    ),
    "hook walrus": (
        "def rule(user, context):\n    (_x := 1)\n",
        [
            (2, 6, "name_not_allowed", "`_x` begins with an underscore, which is kept for the sandbox: name it `x`"),
        ],
    ),
    "keyword": (
        "def rule(user, context):\n    dict(__class__=1)\n",
        [
            (2, 10, "name_not_allowed", "`__class__` is not available in rules"),
        ],
    ),
    "dunder attr": (
        "def rule(user, context):\n    x = user.__class__\n",
        [
            (2, 9, "attribute_not_allowed", "the attribute `__class__` is not available in rules"),
        ],
    ),
    "under attr": (
        "def rule(user, context):\n    x = user._id\n",
        [
            (
                2,
                9,
                "attribute_not_allowed",
                'the attribute `_id` is not available in rules: write `["_id"]` for a field of that name',
            ),
        ],
    ),
    "frame attr": (
        "def rule(user, context):\n    x = (i for i in []).gi_frame\n",
        [
            (2, 9, "attribute_not_allowed", "the attribute `gi_frame` is not available in rules"),
        ],
    ),
    "roles attr": (
        "def rule(user, context):\n    x = user.a__roles__\n",
        [
            (
                2,
                9,
                "attribute_not_allowed",
                'the attribute `a__roles__` is not available in rules: write `["a__roles__"]` for a field of that name',
            ),
        ],
    ),
    "aug attr": (
        "def rule(user, context):\n    user.__class__ += 1\n",
        [
            (2, 5, "attribute_not_allowed", "the attribute `__class__` is not available in rules"),
        ],
    ),
    "magic": (
        "class A:\n    def __getattr__(self, n): pass\n    def __del__(self): pass\n    def __enter__(self): pass\n    __slots__ = ()\ndef rule(user, context):\n    pass\n",
        [
            (2, 5, "name_not_allowed", "`__getattr__` is not available in rules"),
            (3, 5, "name_not_allowed", "`__del__` is not available in rules"),
            (4, 5, "name_not_allowed", "`__enter__` is not available in rules"),
            (5, 5, "name_not_allowed", "`__slots__` is not available in rules"),
        ],
    ),
    "magic outside": (
        "def __init__(self): pass\ndef rule(user, context):\n    pass\n",
        [
            (1, 1, "name_not_allowed", "`__init__` is not available in rules"),
        ],
    ),
    "metaclass": (
        "class A(metaclass=type): pass\ndef rule(user, context):\n    pass\n",
        [
            (1, 1, "syntax_not_allowed", "keywords in a class statement are not available"),
        ],
    ),
    "import os": (
        "import os\ndef rule(user, context):\n    pass\n",
        [
            (
                1,
                8,
                "import_not_allowed",
                "`os` cannot be imported: rules have no operating system: secrets and settings do not come from the environment",
            ),
        ],
    ),
    "import unknown": (
        "import zzz, json.codecs\ndef rule(user, context):\n    pass\n",
        [
            (
                1,
                8,
                "import_not_allowed",
                "`zzz` cannot be imported: rules have base64, datetime, hashlib, hmac, json, math, random, re, secrets, string, time, urllib, urllib.parse, uuid",
            ),
            (
                1,
                13,
                "import_not_allowed",
                "`json.codecs` cannot be imported: rules have base64, datetime, hashlib, hmac, json, math, random, re, secrets, string, time, urllib, urllib.parse, uuid",
            ),
        ],
    ),
    "import from": (
        "from json import codecs\nfrom math import *\nfrom . import x\ndef rule(user, context):\n    pass\n",
        [
            (1, 18, "import_not_allowed", "`json` has no `codecs` in rules: it has JSONDecodeError, dumps, loads"),
            (2, 1, "not_allowed", '"*" imports are not allowed'),
            (
                3,
                1,
                "import_not_allowed",
                "`.` cannot be imported: rules have base64, datetime, hashlib, hmac, json, math, random, re, secrets, string, time, urllib, urllib.parse, uuid",
            ),
        ],
    ),
    "open": (
        "def rule(user, context):\n    open('x')\n",
        [
            (
                2,
                5,
                "name_not_available",
                "`open` is not available: rules have no files: put data into `app_metadata`, or into the rule itself",
            ),
        ],
    ),
    "eval": (
        "def rule(user, context):\n    eval('x')\n",
        [
            (
                2,
                5,
                "name_not_available",
                "`eval` is not available: rules cannot run text as code: use `json.loads` to read data",
            ),
        ],
    ),
    "undefined": (
        "def rule(user, context):\n    x = contxt\n",
        [
            (2, 9, "undefined_name", "`contxt` is not defined: a typing error, or a missing import?"),
        ],
    ),
    "other builtin": (
        "def rule(user, context):\n    x = aiter\n",
        [
            (2, 9, "name_not_available", "`aiter` is not available in rules"),
        ],
    ),
    "syntax": (
        "def rule(user, context:\n    pass\n",
        [
            (1, 9, "syntax_error", "'(' was never closed"),
        ],
    ),
    "nul": (
        "def rule(user, context):\n    x = '\x00'\n",
        [
            (2, 10, "syntax_error", "the character '\\x00' is not text"),
        ],
    ),
    "several": (
        "import os\ndef rule(user, context):\n    _a = undefined1\n    with x: pass\n    user.__class__ = eval\n",
        [
            (
                1,
                8,
                "import_not_allowed",
                "`os` cannot be imported: rules have no operating system: secrets and settings do not come from the environment",
            ),
            (3, 5, "name_not_allowed", "`_a` begins with an underscore, which is kept for the sandbox: name it `a`"),
            (3, 10, "undefined_name", "`undefined1` is not defined: a typing error, or a missing import?"),
            (4, 5, "syntax_not_allowed", "there is nothing to open in a rule: no context managers are available"),
            (4, 10, "undefined_name", "`x` is not defined: a typing error, or a missing import?"),
            (5, 5, "attribute_not_allowed", "the attribute `__class__` is not available in rules"),
            (
                5,
                22,
                "name_not_available",
                "`eval` is not available: rules cannot run text as code: use `json.loads` to read data",
            ),
        ],
    ),
}

RULE = "def rule(user, context):\n    "
TOO_COMPLEX = (1, 1, "too_complex", "the rule is nested too deeply to compile: split it up")
# Sources that are hostile to the compiler: each has to end soon, as a problem.
BOMBS: dict[str, tuple[str, tuple[int, int, str, str]]] = {
    "attributes": (RULE + "x = user" + ".a" * 5000, TOO_COMPLEX),
    "calls": (RULE + "x = user" + "()" * 5000, TOO_COMPLEX),
    "operators": (RULE + "x = 1" + "+1" * 20_000, TOO_COMPLEX),
    "unary minus": (RULE + "x = " + "-" * 50_000 + "1", TOO_COMPLEX),
    "not": (RULE + "x = " + "not " * 12_000 + "1", TOO_COMPLEX),
    "size": (RULE + "pass\n#" + "x" * 70_000, (1, 1, "too_large", "the script has 70035 bytes: the limit is 65536")),
    "a surrogate": (RULE + "x = '\ud800'", (2, 10, "syntax_error", "the character '\\ud800' is not text")),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_refused(pool: Pool, name: str) -> None:
    source, expected = REFUSED[name]
    result = await pool.compile(source)
    assert result.code == b""
    assert [(p.line, p.column, p.code, p.message) for p in result.problems] == expected


@pytest.mark.parametrize("name", BOMBS)
async def test_bombs(pool: Pool, name: str) -> None:
    source, expected = BOMBS[name]
    began = time.monotonic()
    result = await pool.compile(source)
    assert time.monotonic() - began < pool.limits.compile_time
    assert [(p.line, p.column, p.code, p.message) for p in result.problems] == [expected]


@pytest.mark.parametrize(
    "source", [RULE + "x = " + "(" * 300 + ")" * 300, "".join(" " * i + "if 1:\n" for i in range(120))]
)
async def test_nesting_is_a_syntax_error(pool: Pool, source: str) -> None:
    # The message is CPython's, and differs between versions.
    assert [p.code for p in (await pool.compile(source)).problems] == ["syntax_error"]


async def test_many_targets_do_not_multiply_their_source(pool: Pool) -> None:
    """RestrictedPython's own rewriting of this one takes half a minute and gigabytes."""
    source = RULE + " = ".join(["(" + "a," * 3000 + ")"] * 7) + " = [1] * 3000"
    began = time.monotonic()
    result = await pool.compile(source)
    assert (result.problems, len(result.code) > 0) == ([], True)
    assert time.monotonic() - began < 5


async def test_many_problems_are_cut(pool: Pool) -> None:
    result = await pool.compile(RULE + "x = [" + "y, " * 20_000 + "]")
    assert len(result.problems) == 201
    assert result.problems[-1] == Problem(
        line=2, column=610, code="too_many_problems", message="19800 more problems are not shown"
    )


async def test_an_encoding_cookie_is_a_comment(pool: Pool) -> None:
    result = await pool.compile("# -*- coding: utf-7 -*-\n" + RULE + "x = '+AGE-'")
    assert (result.problems, len(result.code) > 0) == ([], True)


async def test_hints_do_not_refuse(pool: Pool) -> None:
    result = await pool.compile(RULE + "return user.permissions\n")
    assert len(result.code) > 0
    assert result.problems == [
        Problem(
            line=2,
            column=5,
            code="return_ignored",
            message="the value returned is ignored: set claims on `context.idToken` or `context.accessToken`",
            severity="hint",
        ),
        Problem(
            line=2,
            column=12,
            code="optional_field",
            message="`permissions` may be missing, and then this line raises: "
            '`user.get("permissions")` gives None instead',
            severity="hint",
        ),
    ]
