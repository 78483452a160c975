"""What is refused at upload: each source with every problem's exact place, code and message."""

# ruff: noqa: E501

from __future__ import annotations

import sys
import time

import pytest

from sandbox.limits import DEFAULT
from sandbox.members import MEMBERS
from sandbox.pool import Pool
from sandbox.wire import Compiled, Problem

pytestmark = pytest.mark.anyio

RULE = "def rule(user, context):\n    "

# name: (source, problems)
REFUSED: dict[str, tuple[str, list[str]]] = {
    "no rule": (
        "x = 1\n",
        [
            "1:1 no_rule_function: a script needs a function `def rule(user, context):` at its top level",
        ],
    ),
    "nested rule": (
        "def f():\n    def rule(user, context):\n        pass\n",
        [
            "2:5 no_rule_function: `rule` on line 2 is not at the top level: a script needs a function `def rule(user, context):` at its top level",
        ],
    ),
    "two rules": (
        "def rule(user, context):\n    pass\ndef rule(user, context):\n    pass\n",
        [
            "3:1 second_rule_function: `rule` is defined already on line 1: keep one of them",
        ],
    ),
    "assigned rule": (
        "def rule(user, context):\n    pass\nrule = 1\n",
        [
            "3:1 second_rule_function: `rule` is the rule's function: use another name here",
        ],
    ),
    "no arguments": (
        "def rule():\n    pass\n",
        [
            "1:1 wrong_arguments: `rule` takes `(user, context)` or `(user, context, callback)`, without defaults or stars",
        ],
    ),
    "default": (
        "def rule(user, context, callback=None):\n    pass\n",
        [
            "1:1 wrong_arguments: `rule` takes `(user, context)` or `(user, context, callback)`, without defaults or stars",
        ],
    ),
    "star": (
        "def rule(*args):\n    pass\n",
        [
            "1:1 wrong_arguments: `rule` takes `(user, context)` or `(user, context, callback)`, without defaults or stars",
        ],
    ),
    "decorated": (
        "def d(f):\n    return f\n@d\ndef rule(user, context):\n    pass\n",
        [
            "4:1 wrong_arguments: `rule` takes no decorators: call the function inside it",
        ],
    ),
    "yields": (
        "def rule(user, context):\n    yield 1\n",
        [
            "1:1 wrong_arguments: `rule` must not `yield`: it would never run",
        ],
    ),
    "async rule": (
        "async def rule(user, context):\n    pass\n",
        [
            "1:1 syntax_not_allowed: rules are not asynchronous: write `def`",
        ],
    ),
    "await": (
        "def rule(user, context):\n    async def f():\n        await g\n",
        [
            "2:5 syntax_not_allowed: rules are not asynchronous: write `def`",
            "3:9 syntax_not_allowed: rules are not asynchronous: call the function without `await`",
            "3:15 undefined_name: `g` is not defined: a typing error, or a missing import?",
        ],
    ),
    "async for": (
        "def rule(user, context):\n    async def f():\n        async for x in y: pass\n",
        [
            "2:5 syntax_not_allowed: rules are not asynchronous: write `def`",
            "3:9 syntax_not_allowed: rules are not asynchronous: write `for`",
            "3:24 undefined_name: `y` is not defined: a typing error, or a missing import?",
        ],
    ),
    "with": (
        "def rule(user, context):\n    with user: pass\n",
        [
            "2:5 syntax_not_allowed: there is nothing to open in a rule: no context managers are available",
        ],
    ),
    "except star": (
        "def rule(user, context):\n    try:\n        pass\n    except* ValueError:\n        pass\n",
        [
            "2:5 syntax_not_allowed: exception groups are not available: write `except`",
        ],
    ),
    "class pattern": (
        "def rule(user, context):\n    match user:\n        case dict(get=x): pass\n",
        [
            "3:14 syntax_not_allowed: class patterns read attributes unguarded: test with `isinstance` in a `case _ if ...`",
        ],
    ),
    "dotted pattern": (
        "def rule(user, context):\n    match user:\n        case user.a: pass\n",
        [
            "3:14 syntax_not_allowed: a dotted name in a pattern: write `case x if x == ...` instead",
        ],
    ),
    "dotted pattern key": (
        "def rule(user, context):\n    match user:\n        case {user.a: 1}: pass\n",
        [
            "3:15 syntax_not_allowed: a dotted name in a pattern: write `case x if ...` instead",
        ],
    ),
    "pattern name": (
        "def rule(user, context):\n    match user:\n        case [_x_, *_y_]: pass\n        case {**_z_}: pass\n",
        [
            "3:15 name_not_allowed: `_x_` begins and ends with an underscore, which is kept for the sandbox: name it `x`",
            "3:20 name_not_allowed: `_y_` begins and ends with an underscore, which is kept for the sandbox: name it `y`",
            "4:14 name_not_allowed: `_z_` begins and ends with an underscore, which is kept for the sandbox: name it `z`",
        ],
    ),
    "finally return": (
        "def rule(user, context):\n    try:\n        pass\n    finally:\n        return\n",
        [
            "5:9 syntax_not_allowed: `return` would leave `finally` and swallow the time limit: move it behind the `try`",
        ],
    ),
    "finally break": (
        "def rule(user, context):\n    while 1:\n        try:\n            pass\n        finally:\n            break\n",
        [
            "6:13 syntax_not_allowed: `break` would leave `finally` and swallow the time limit: move it behind the `try`",
        ],
    ),
    "finally for-else": (
        "def rule(user, context):\n    while 1:\n        try:\n            pass\n        finally:\n            for x in []:\n                break\n            else:\n                continue\n",
        [
            "9:17 syntax_not_allowed: `continue` would leave `finally` and swallow the time limit: move it behind the `try`",
        ],
    ),
    "dunder name": (
        "def rule(user, context):\n    x = __builtins__\n",
        [
            "2:9 name_not_allowed: `__builtins__` is not available in rules: rules cannot inspect themselves: use a dict of your own",
        ],
    ),
    "hook": (
        "def rule(user, context):\n    _getattr_ = 1\n",
        [
            "2:5 name_not_allowed: `_getattr_` begins and ends with an underscore, which is kept for the sandbox: name it `getattr`",
        ],
    ),
    "hook arg": (
        "def f(_getattr_, /, *, _write_, **_k_):\n    pass\ndef rule(user, context):\n    pass\n",
        [
            "1:7 name_not_allowed: `_getattr_` begins and ends with an underscore, which is kept for the sandbox: name it `getattr`",
            "1:24 name_not_allowed: `_write_` begins and ends with an underscore, which is kept for the sandbox: name it `write`",
            "1:35 name_not_allowed: `_k_` begins and ends with an underscore, which is kept for the sandbox: name it `k`",
        ],
    ),
    "hook lambda": (
        "def rule(user, context):\n    lambda _getattr_: 0\n",
        [
            "2:12 name_not_allowed: `_getattr_` begins and ends with an underscore, which is kept for the sandbox: name it `getattr`",
        ],
    ),
    "hook import": (
        "import json as _getattr_\ndef rule(user, context):\n    pass\n",
        [
            "1:8 name_not_allowed: `_getattr_` begins and ends with an underscore, which is kept for the sandbox: name it `getattr`",
        ],
    ),
    "hook def": (
        "def rule(user, context):\n    def __import__(): pass\n",
        [
            "2:5 name_not_allowed: `__import__` is not available in rules: use `import`",
        ],
    ),
    "hook class": (
        "def rule(user, context):\n    class __metaclass__: pass\n",
        [
            "2:5 name_not_allowed: `__metaclass__` is not available in rules",
        ],
    ),
    "hook except": (
        "def rule(user, context):\n    try:\n        pass\n    except Exception as _e_:\n        pass\n",
        [
            "4:5 name_not_allowed: `_e_` begins and ends with an underscore, which is kept for the sandbox: name it `e`",
        ],
    ),
    "hook global": (
        "def rule(user, context):\n    global _x_\n",
        [
            "2:5 name_not_allowed: `_x_` begins and ends with an underscore, which is kept for the sandbox: name it `x`",
        ],
    ),
    "hook walrus": (
        "def rule(user, context):\n    (_x_ := 1)\n",
        [
            "2:6 name_not_allowed: `_x_` begins and ends with an underscore, which is kept for the sandbox: name it `x`",
        ],
    ),
    "keyword": (
        "def rule(user, context):\n    dict(__class__=1)\n",
        [
            "2:10 name_not_allowed: `__class__` is not available in rules: use `type(x)`, or `isinstance(x, ...)`",
        ],
    ),
    "dunder attr": (
        "def rule(user, context):\n    x = user.__class__\n",
        [
            "2:14 attribute_not_allowed: the attribute `__class__` is not available in rules: use `type(x)`, or `isinstance(x, ...)`",
        ],
    ),
    "under attr": (
        "def rule(user, context):\n    x = user._id_\n",
        [
            '2:14 attribute_not_allowed: the attribute `_id_` begins and ends with an underscore, which is kept for the sandbox: name it `id`; a field of that name is `["_id_"]`',
        ],
    ),
    "frame attr": (
        "def rule(user, context):\n    x = (i for i in []).gi_frame\n",
        [
            "2:25 attribute_not_allowed: the attribute `gi_frame` is not available in rules",
        ],
    ),
    "roles attr": (
        "def rule(user, context):\n    x = user.a__roles__\n",
        [
            '2:14 attribute_not_allowed: the attribute `a__roles__` is not available in rules; a field of that name is `["a__roles__"]`',
        ],
    ),
    "aug attr": (
        "def rule(user, context):\n    user.__class__ += 1\n",
        [
            "2:10 attribute_not_allowed: the attribute `__class__` is not available in rules: use `type(x)`, or `isinstance(x, ...)`",
        ],
    ),
    "magic": (
        "class A:\n    def __getattr__(self, n): pass\n    def __del__(self): pass\n    def __enter__(self): pass\n    __slots__ = ()\ndef rule(user, context):\n    pass\n",
        [
            "2:5 name_not_allowed: `__getattr__` is not available in rules: define `__getitem__`",
            "3:5 name_not_allowed: `__del__` is not available in rules: it would run after the login: write `try: ... finally: ...`",
            "4:5 name_not_allowed: `__enter__` is not available in rules: no context managers are available: write `try: ... finally: ...`",
            "5:5 name_not_allowed: `__slots__` is not available in rules: leave it out",
        ],
    ),
    "magic outside": (
        "def __init__(self): pass\ndef rule(user, context):\n    pass\n",
        [
            "1:1 name_not_allowed: `__init__` is not available in rules",
        ],
    ),
    "metaclass": (
        "class A(metaclass=type): pass\ndef rule(user, context):\n    pass\n",
        [
            "1:9 syntax_not_allowed: keywords in a class statement are not available",
        ],
    ),
    "import os": (
        "import os\ndef rule(user, context):\n    pass\n",
        [
            "1:8 import_not_allowed: `os` cannot be imported: rules have no operating system: secrets and settings are in `configuration`",
        ],
    ),
    "import unknown": (
        "import zzz, json.codecs\ndef rule(user, context):\n    pass\n",
        [
            "1:8 import_not_allowed: `zzz` cannot be imported: rules have MODULES",
            "1:13 import_not_allowed: `json.codecs` cannot be imported: rules have MODULES",
        ],
    ),
    "import from": (
        "from json import codecs\nfrom math import *\nfrom . import x\ndef rule(user, context):\n    pass\n",
        [
            "1:18 import_not_allowed: `json` has no `codecs` in rules: it has JSONDecodeError, dumps, loads",
            "2:18 syntax_not_allowed: a star imports nothing here: write the names, `from math import pi`",
            "3:1 import_not_allowed: `.` cannot be imported: rules are in no package: write `import name` for a module of your tenant's",
        ],
    ),
    "open": (
        "def rule(user, context):\n    open('x')\n",
        [
            "2:5 name_not_available: `open` is not available: rules have no files: put data into `app_metadata`, or into the rule itself",
        ],
    ),
    "eval": (
        "def rule(user, context):\n    eval('x')\n",
        [
            "2:5 name_not_available: `eval` is not available: rules cannot run text as code: use `json.loads` to read data",
        ],
    ),
    "undefined": (
        "def rule(user, context):\n    x = contxt\n",
        [
            "2:9 undefined_name: `contxt` is not defined: did you mean `context`?",
        ],
    ),
    "other builtin": (
        "def rule(user, context):\n    x = aiter\n",
        [
            "2:9 name_not_available: `aiter` is not available: rules are not asynchronous: use `iter`",
        ],
    ),
    "syntax": (
        "def rule(user, context:\n    pass\n",
        [
            "1:9 syntax_error: '(' was never closed",
        ],
    ),
    "nul": (
        "def rule(user, context):\n    x = '\x00'\n",
        [
            "2:10 syntax_error: the character '\\x00' is not text",
        ],
    ),
    "several": (
        "import os\ndef rule(user, context):\n    _a_ = undefined1\n    with x: pass\n    user.__class__ = eval\n",
        [
            "1:8 import_not_allowed: `os` cannot be imported: rules have no operating system: secrets and settings are in `configuration`",
            "3:5 name_not_allowed: `_a_` begins and ends with an underscore, which is kept for the sandbox: name it `a`",
            "3:11 undefined_name: `undefined1` is not defined: a typing error, or a missing import?",
            "4:5 syntax_not_allowed: there is nothing to open in a rule: no context managers are available",
            "4:10 undefined_name: `x` is not defined: a typing error, or a missing import?",
            "5:10 attribute_not_allowed: the attribute `__class__` is not available in rules: use `type(x)`, or `isinstance(x, ...)`",
            "5:22 name_not_available: `eval` is not available: rules cannot run text as code: use `json.loads` to read data",
        ],
    ),
    "function in the scope of another": (
        "def rule(user, context):\n    x = 1\ndef f(name):\n    return x\n",
        [
            "4:12 undefined_name: `x` is not defined here, only where it is bound on line 2: pass it on, or bind it outside",
        ],
    ),
    "with, and what is in it": (
        "def rule(user, context):\n    with open(_a_) as __x, y:\n        eval('1')\n",
        [
            "2:5 syntax_not_allowed: there is nothing to open in a rule: no context managers are available",
            "2:10 name_not_available: `open` is not available: rules have no files: put data into `app_metadata`, or into the rule itself",
            "2:15 name_not_allowed: `_a_` begins and ends with an underscore, which is kept for the sandbox: name it `a`",
            "2:23 name_not_allowed: `__x` begins with two underscores, which is kept for Python: name it `_x`",
            "2:28 undefined_name: `y` is not defined: a typing error, or a missing import?",
            "3:9 name_not_available: `eval` is not available: rules cannot run text as code: use `json.loads` to read data",
        ],
    ),
    "columns count characters": (
        "def rule(user, context):\n    x = 'äöü€😀', open, user.__class__, 'é', nope\n",
        [
            "2:18 name_not_available: `open` is not available: rules have no files: put data into `app_metadata`, or into the rule itself",
            "2:29 attribute_not_allowed: the attribute `__class__` is not available in rules: use `type(x)`, or `isinstance(x, ...)`",
            "2:45 undefined_name: `nope` is not defined: a typing error, or a missing import?",
        ],
    ),
    "columns on lines that are continued": (
        "def rule(user, context):\n    x = ('é' +\n        user.a\n            .b.__dict__\n            .c, _é_)\n",
        [
            "4:16 attribute_not_allowed: the attribute `__dict__` is not available in rules: name the attributes, or use a dict",
            "5:17 name_not_allowed: `_é_` begins and ends with an underscore, which is kept for the sandbox: name it `é`",
        ],
    ),
    "positions in an f-string": (
        "def rule(user, context):\n    x = f'é{user.__class__}'\n",
        [
            "2:18 attribute_not_allowed: the attribute `__class__` is not available in rules: use `type(x)`, or `isinstance(x, ...)`",
        ],
    ),
    "behind the parser": (
        "é = 1; return 1\ndef rule(user, context):\n    pass\n",
        [
            "1:8 syntax_error: 'return' outside function",
        ],
    ),
    "behind the parser, with problems": (
        "é = 1; return 1\ndef rule(user, context):\n    break; open\n    x = 1; nonlocal x\n",
        [
            "3:12 name_not_available: `open` is not available: rules have no files: put data into `app_metadata`, or into the rule itself",
            "4:12 syntax_error: name 'x' is assigned to before nonlocal declaration",
        ],
    ),
    "nonlocal without one": (
        "def rule(user, context):\n    é = 1; nonlocal y\n",
        [
            "2:12 syntax_error: no binding for nonlocal 'y' found",
        ],
    ),
    "two underscores": (
        "def rule(user, context):\n    __x = 1\n    _a__b = 2\n    _tmp3 = 3\n    ___ = 4\n",
        [
            "2:5 name_not_allowed: `__x` begins with two underscores, which is kept for Python: name it `_x`",
            "3:5 name_not_allowed: `_a__b` has two underscores together, which is kept for Python: use one",
            "4:5 name_not_allowed: `_tmp3` is kept for the sandbox: name it `tmp3`",
            "5:5 name_not_allowed: `___` is not available in rules",
        ],
    ),
    "advice for Python's names": (
        "__all__ = []\ndef rule(user, context):\n    x = __file__\n    user.__dict__\n    __import__('os')\n",
        [
            "1:1 name_not_allowed: `__all__` is not available in rules: a script exports nothing: leave it out",
            "3:9 name_not_allowed: `__file__` is not available in rules: rules have no files",
            "4:10 attribute_not_allowed: the attribute `__dict__` is not available in rules: name the attributes, or use a dict",
            "5:5 name_not_allowed: `__import__` is not available in rules: use `import`",
        ],
    ),
    "name of the module": (
        "__name__ = 1\ndef rule(user, context):\n    pass\n",
        [
            "1:1 name_not_allowed: `__name__` is not available in rules",
        ],
    ),
    "super outside": (
        "def rule(user, context):\n    super().f()\n    super(1)\n    super\n    class A:\n        x = super().f\n        def f(self):\n            def g():\n                super().f()\n            return super.f, super(A).f, super(*user).f\n",
        [
            "2:5 name_not_available: `super()` has no object here: write `super().method(...)` directly in a method of a class",
            "3:5 name_not_available: `super` is part of the language: write `super().method(...)` directly in a method of a class",
            "4:5 name_not_available: `super` is part of the language: write `super().method(...)` directly in a method of a class",
            "6:13 name_not_available: `super()` has no object here: write `super().method(...)` directly in a method of a class",
            "9:17 name_not_available: `super()` has no object here: write `super().method(...)` directly in a method of a class",
            "10:20 name_not_available: `super` is part of the language: write `super().method(...)` directly in a method of a class",
            "10:29 name_not_available: `super` is part of the language: write `super().method(...)` directly in a method of a class",
            "10:41 name_not_available: `super` is part of the language: write `super().method(...)` directly in a method of a class",
        ],
    ),
    "super bound": (
        "def rule(user, context):\n    super = 1\n    def super(): pass\n    import json as super\n",
        [
            "2:5 name_not_available: `super` is part of the language: write `super().method(...)` directly in a method of a class",
            "3:5 name_not_available: `super` is part of the language: write `super().method(...)` directly in a method of a class",
            "4:12 name_not_available: `super` is part of the language: write `super().method(...)` directly in a method of a class",
        ],
    ),
    "super attributes": (
        "class A:\n    def f(self):\n        super().__class__, super().__dict__, super().__init__.__func__\n        super().__init__ = 1\n        super().__init__ += 1\ndef rule(user, context):\n    pass\n",
        [
            "3:17 attribute_not_allowed: the attribute `__class__` is not available in rules: use `type(x)`, or `isinstance(x, ...)`",
            "3:36 attribute_not_allowed: the attribute `__dict__` is not available in rules: name the attributes, or use a dict",
            "3:63 attribute_not_allowed: the attribute `__func__` is not available in rules",
            "4:17 attribute_not_allowed: the attribute `__init__` is not available in rules",
            "5:17 attribute_not_allowed: the attribute `__init__` is not available in rules",
        ],
    ),
    "yield in finally": (
        "def rule(user, context):\n    def g():\n        try:\n            pass\n        finally:\n            yield 1\n            x = yield from ()\n    g()\n",
        [
            "6:13 syntax_not_allowed: `yield` would leave `finally` and swallow the time limit: move it behind the `try`",
            "7:17 syntax_not_allowed: `yield` would leave `finally` and swallow the time limit: move it behind the `try`",
        ],
    ),
    "finally in match and try": (
        "def rule(user, context):\n    while 1:\n        try:\n            pass\n        finally:\n            match user:\n                case _:\n                    break\n            try:\n                return\n            finally:\n                continue\n",
        [
            "8:21 syntax_not_allowed: `break` would leave `finally` and swallow the time limit: move it behind the `try`",
            "10:17 syntax_not_allowed: `return` would leave `finally` and swallow the time limit: move it behind the `try`",
            "12:17 syntax_not_allowed: `continue` would leave `finally` and swallow the time limit: move it behind the `try`",
        ],
    ),
    "async everywhere": (
        "def rule(user, context):\n    x = [i async for i in user]\n    async def f():\n        async with user as y:\n            pass\n        return [await j async for j in user]\n",
        [
            "2:22 syntax_not_allowed: rules are not asynchronous: write `for`",
            "3:5 syntax_not_allowed: rules are not asynchronous: write `def`",
            "4:9 syntax_not_allowed: there is nothing to open in a rule: no context managers are available",
            "6:17 syntax_not_allowed: rules are not asynchronous: call the function without `await`",
            "6:35 syntax_not_allowed: rules are not asynchronous: write `for`",
        ],
    ),
    "star import": (
        "from math import *\nfrom nowhere import *\ndef rule(user, context):\n    pass\n",
        [
            "1:18 syntax_not_allowed: a star imports nothing here: write the names, `from math import pi`",
            "2:1 import_not_allowed: `nowhere` cannot be imported: rules have MODULES",
            "2:21 syntax_not_allowed: a star imports nothing here: write the names, `from math import pi`",
        ],
    ),
    "modules, the nearest": (
        "import jsn, datetim, colections\nfrom dateutil import tz\nfrom . import lib\nfrom .lib import x\nimport http.client, urllib.request, os.path\ndef rule(user, context):\n    pass\n",
        [
            "1:8 import_not_allowed: `jsn` cannot be imported: did you mean `json`?",
            "1:13 import_not_allowed: `datetim` cannot be imported: did you mean `datetime`?",
            "1:22 import_not_allowed: `colections` cannot be imported: did you mean `collections`?",
            "2:1 import_not_allowed: `dateutil` cannot be imported: use `datetime.datetime.fromisoformat(...)`",
            "3:1 import_not_allowed: `.` cannot be imported: rules are in no package: write `import name` for a module of your tenant's",
            "4:1 import_not_allowed: `.lib` cannot be imported: rules are in no package: write `import name` for a module of your tenant's",
            "5:8 import_not_allowed: `http.client` cannot be imported: rules have no network of their own: use `http.get(...)`, `http.post(...)` and so on, which are there without an import",
            "5:21 import_not_allowed: `urllib.request` cannot be imported: rules have no network of their own: use `http.get(...)`, `http.post(...)` and so on, which are there without an import",
            "5:37 import_not_allowed: `os.path` cannot be imported: rules have no operating system: secrets and settings are in `configuration`",
        ],
    ),
    "members in an import": (
        "from math import flor, sqroot\nfrom json import load\nfrom urllib import request\ndef rule(user, context):\n    pass\n",
        [
            "1:18 import_not_allowed: `math` has no `flor` in rules: did you mean `floor`?",
            "1:24 import_not_allowed: `math` has no `sqroot` in rules: did you mean `sqrt`?",
            "2:18 import_not_allowed: `json` has no `load` in rules: rules have no files: use `json.loads(...)`",
            "3:20 import_not_allowed: `urllib` has no `request` in rules: use `http.get(...)`, which is there without an import",
        ],
    ),
    "members": (
        "import time, json as j, math, urllib.parse, datetime\nfrom urllib import parse as p\ndef rule(user, context):\n    time.sleep(1)\n    j.load(x=1), j.dump\n    math.sqroot(2)\n    urllib.parse.qoute('a')\n    urllib.request\n    p.zzz\n    datetime.strptime('', '')\n    datetime.now(), datetime.timdelta\n",
        [
            "4:10 unknown_member: `time` has no `sleep` in rules: a login does not wait: leave it out",
            "5:7 unknown_member: `json` has no `load` in rules: rules have no files: use `json.loads(...)`",
            "5:20 unknown_member: `json` has no `dump` in rules: rules have no files: use `json.dumps(...)`",
            "6:10 unknown_member: `math` has no `sqroot` in rules: did you mean `sqrt`?",
            "7:18 unknown_member: `urllib.parse` has no `qoute` in rules: did you mean `quote`?",
            "8:12 unknown_member: `urllib` has no `request` in rules: use `http.get(...)`, which is there without an import",
            "9:7 unknown_member: `urllib.parse` has no `zzz` in rules: it has parse_qs, parse_qsl, quote, quote_from_bytes, quote_plus, unquote, unquote_plus, unquote_to_bytes, urldefrag, urlencode, urljoin, urlparse, urlsplit, urlunparse, urlunsplit",
            "10:14 unknown_member: `datetime` is the module here: write `datetime.datetime.strptime`",
            "11:14 unknown_member: `datetime` is the module here: write `datetime.datetime.now`",
            "11:30 unknown_member: `datetime` has no `timdelta` in rules: did you mean `timedelta`?",
        ],
    ),
    "members of the class": (
        "from datetime import datetime\ndef rule(user, context):\n    datetime.datetime.now()\n    datetime.timedelta(1)\n    datetime.date, datetime.now()\n",
        [
            "3:14 unknown_member: `datetime` is the class here: leave out one `datetime`",
            "4:14 unknown_member: `datetime` is the class here: write `from datetime import timedelta`",
        ],
    ),
    "members, when it is bound to something else": (
        "import time, math, json\nfrom time import sleep\ndef rule(user, context):\n    time = user\n    time.sleep\n    def f(math):\n        return math.foo\n    for json in []:\n        json.load\n",
        [
            "2:18 import_not_allowed: `time` has no `sleep` in rules: a login does not wait: leave it out",
        ],
    ),
    "undefined, the nearest": (
        "def rule(user, context):\n    x = contxt, usr, Lst, UnauthorisedError, unauthorized_error, zzzzzz, JSONDecodeError, sqrt, json, urllib\n    _y = _z\n    verified_email = 1\n    verifed_email\n",
        [
            "2:9 undefined_name: `contxt` is not defined: did you mean `context`?",
            "2:17 undefined_name: `usr` is not defined: did you mean `user`?",
            "2:22 undefined_name: `Lst` is not defined: did you mean `list`?",
            "2:27 undefined_name: `UnauthorisedError` is not defined: did you mean `UnauthorizedError`?",
            "2:46 undefined_name: `unauthorized_error` is not defined: did you mean `UnauthorizedError`?",
            "2:66 undefined_name: `zzzzzz` is not defined: a typing error, or a missing import?",
            "2:74 undefined_name: `JSONDecodeError` is not defined: write `from json import JSONDecodeError` first",
            "2:91 undefined_name: `sqrt` is not defined: write `from math import sqrt` first",
            "2:97 undefined_name: `json` is not defined: write `import json` first",
            "2:103 undefined_name: `urllib` is not defined: write `import urllib.parse` first",
            "3:10 undefined_name: `_z` is not defined: a typing error, or a missing import?",
            "5:5 undefined_name: `verifed_email` is not defined: did you mean `verified_email`?",
        ],
    ),
    "undefined in one scope only": (
        "def rule(user, context):\n    def f():\n        x = 1\n        return x\n    def g():\n        return x\n    return [y for y in user], y, [x for _ in user]\n",
        [
            "6:16 undefined_name: `x` is not defined here, only where it is bound on line 3: pass it on, or bind it outside",
            "7:5 return_ignored: the value returned is ignored: set claims on `context.idToken` or `context.accessToken` (hint)",
            "7:31 undefined_name: `y` is not defined here, only where it is bound on line 7: pass it on, or bind it outside",
            "7:35 undefined_name: `x` is not defined here, only where it is bound on line 3: pass it on, or bind it outside",
        ],
    ),
    "JavaScript's names": (
        "def rule(user, context):\n    x = null, undefined, true, false, JSON, Object, console, parseInt, Date, configuration, request, require, this, Error\n",
        [
            "2:9 name_not_available: `null` is not available: that is JavaScript: write `None`",
            "2:15 name_not_available: `undefined` is not available: that is JavaScript: write `None`, and `.get(...)` for a field that may be missing",
            "2:26 name_not_available: `true` is not available: that is JavaScript: write `True`",
            "2:32 name_not_available: `false` is not available: that is JavaScript: write `False`",
            "2:39 name_not_available: `JSON` is not available: that is JavaScript: write `json.loads(...)` and `json.dumps(...)` after `import json`",
            "2:45 name_not_available: `Object` is not available: that is JavaScript: a dict has `.keys()`, `.values()`, `.items()` and `.update(...)`",
            "2:53 name_not_available: `console` is not available: use `print(...)`, which goes to the trace",
            "2:62 name_not_available: `parseInt` is not available: that is JavaScript: write `int(...)`",
            "2:72 name_not_available: `Date` is not available: that is JavaScript: write `datetime.datetime.now()` after `import datetime`",
            "2:93 name_not_available: `request` is not available: rules have no network of their own: use `http.get(...)`, `http.post(...)` and so on, which are there without an import; the login's own request is `context.request`",
            "2:102 name_not_available: `require` is not available: use `import`: see the list of modules",
            "2:111 name_not_available: `this` is not available: that is JavaScript: name the object",
            "2:117 name_not_available: `Error` is not available: that is JavaScript: write `Exception(...)`",
        ],
    ),
    "Python 2's names": (
        "def rule(user, context):\n    unicode, long, xrange, reduce, cmp, raw_input, basestring\n",
        [
            "2:5 name_not_available: `unicode` is not available: use `str`",
            "2:14 name_not_available: `long` is not available: use `int`",
            "2:20 name_not_available: `xrange` is not available: use `range`",
            "2:28 name_not_available: `reduce` is not available: write `from functools import reduce`",
            "2:36 name_not_available: `cmp` is not available: compare with `<` and `==`, and sort by `key=`",
            "2:41 name_not_available: `raw_input` is not available: rules have no terminal: read `user` and `context`",
            "2:52 name_not_available: `basestring` is not available: use `str`",
        ],
    ),
    "other names": (
        "def rule(user, context):\n    open, exec, globals, id, hash, memoryview, complex, BaseException, super, aiter, copyright\n",
        [
            "2:5 name_not_available: `open` is not available: rules have no files: put data into `app_metadata`, or into the rule itself",
            "2:11 name_not_available: `exec` is not available: rules cannot run text as code",
            "2:17 name_not_available: `globals` is not available: rules cannot inspect themselves: use a dict of your own",
            "2:26 name_not_available: `id` is not available: addresses differ between executions: compare with `is`",
            "2:30 name_not_available: `hash` is not available: hashes differ between processes: use `hashlib`",
            "2:36 name_not_available: `memoryview` is not available: use `bytes`",
            "2:48 name_not_available: `complex` is not available: use `float`",
            "2:57 name_not_available: `BaseException` is not available: it would catch the time limit: use `Exception`",
            "2:72 name_not_available: `super` is part of the language: write `super().method(...)` directly in a method of a class",
            "2:79 name_not_available: `aiter` is not available: rules are not asynchronous: use `iter`",
            "2:86 name_not_available: `copyright` is not available in rules",
        ],
    ),
    "hooks in other places": (
        "def rule(user, context):\n    global _g_\n    def f():\n        nonlocal _n_\n    for _f_ in user: pass\n    x = [_c_ for _c_ in user]\n    with_ = lambda *_s_: f(_k_=1)\n    del _d_\n",
        [
            "2:5 name_not_allowed: `_g_` begins and ends with an underscore, which is kept for the sandbox: name it `g`",
            "4:9 name_not_allowed: `_n_` begins and ends with an underscore, which is kept for the sandbox: name it `n`",
            "5:9 name_not_allowed: `_f_` begins and ends with an underscore, which is kept for the sandbox: name it `f`",
            "6:10 name_not_allowed: `_c_` begins and ends with an underscore, which is kept for the sandbox: name it `c`",
            "6:18 name_not_allowed: `_c_` begins and ends with an underscore, which is kept for the sandbox: name it `c`",
            "7:21 name_not_allowed: `_s_` begins and ends with an underscore, which is kept for the sandbox: name it `s`",
            "7:28 name_not_allowed: `_k_` begins and ends with an underscore, which is kept for the sandbox: name it `k`",
            "8:9 name_not_allowed: `_d_` begins and ends with an underscore, which is kept for the sandbox: name it `d`",
        ],
    ),
    "an underscore alone": (
        "def rule(user, context):\n    user._\n",
        [
            '2:10 attribute_not_allowed: the attribute `_` is not available in rules; a field of that name is `["_"]`',
        ],
    ),
    "a future of Python": (
        "from __future__ import nothing\nfrom .__future__ import x\ndef rule(user, context):\n    pass\n",
        [
            "1:24 import_not_allowed: Python has no future `nothing`",
            "2:1 import_not_allowed: `.__future__` cannot be imported: rules are in no package: write `import name` for a module of your tenant's",
        ],
    ),
}

NEWER: dict[str, tuple[str, list[str]]] = {
    "type parameters": (
        "def f[T, *U, **V](x: T) -> T: pass\nclass A[T]: pass\ntype X = int\ndef rule(user, context):\n    pass\n",
        [
            "1:7 syntax_not_allowed: type parameters are not available: leave them out",
            "1:10 syntax_not_allowed: type parameters are not available: leave them out",
            "1:14 syntax_not_allowed: type parameters are not available: leave them out",
            "2:9 syntax_not_allowed: type parameters are not available: leave them out",
            "3:1 syntax_not_allowed: type aliases are not available: annotations are accepted and ignored",
        ],
    ),
    "f-strings in f-strings": (
        RULE + "f'{f'é{open}' + '{'}' + f'{user.__class__!r:{'>' * __x}}'\n",
        [
            "2:12 name_not_available: `open` is not available: rules have no files: put data into `app_metadata`, or into the rule itself",
            "2:37 attribute_not_allowed: the attribute `__class__` is not available in rules: use `type(x)`, or `isinstance(x, ...)`",
            "2:56 name_not_allowed: `__x` begins with two underscores, which is kept for Python: name it `_x`",
        ],
    ),
}  # of Python 3.12
if sys.version_info >= (3, 12):
    REFUSED |= NEWER
else:
    REFUSED |= {name: (source, ["1:6 syntax_error: expected '('"]) for name, (source, _) in [*NEWER.items()][:1]}


def said(result: Compiled) -> list[str]:
    return [
        f"{p.line}:{p.column} {p.code}: {p.message}" + (" (hint)" if p.severity == "hint" else "")
        for p in result.problems
    ]


@pytest.mark.parametrize("name", REFUSED)
async def test_refused(pool: Pool, name: str) -> None:
    source, expected = REFUSED[name]
    result = await pool.compile(source)
    assert result.code == b""
    assert said(result) == [text.replace("MODULES", ", ".join(sorted(MEMBERS))) for text in expected]


# Slips that CPython's parser finds: what is behind the message that is its own, and may differ between versions.
SLIPS: dict[str, tuple[str, str]] = {
    "function rule(user, context, callback) {\n    callback(null, user, context);\n}": (
        "1:10",
        "that is JavaScript: write `def rule(user, context, callback):`",
    ),
    "def rule(user, context) {": ("1:25", "a block stands behind a colon, on lines that are indented"),
    "global.client = global.client || 1": (
        "1:7",
        "logins share no objects: keep a value for a time by `cache.set(key, value, ttl=60)` and `cache.get(key)`",
    ),
    "x = user && context": ("1:11", "that is JavaScript: write `and`"),
    "x = user || context": ("1:11", "that is JavaScript: write `or`"),
    "if user === context:": ("1:11", "that is JavaScript: write `==`"),
    "if user !== context:": ("1:11", "that is JavaScript: write `!=`"),
    "if !user:": ("1:4", "that is JavaScript: write `not`"),
    "var x = 1;": ("1:5", "that is JavaScript: leave out `var`, `let` and `const`"),
    "let x = 1": ("1:5", "that is JavaScript: leave out `var`, `let` and `const`"),
    "const x = 1": ("1:7", "that is JavaScript: leave out `var`, `let` and `const`"),
    "raise new UnauthorizedError('no')": ("1:11", "that is JavaScript: leave out `new`"),
    "f(new UnauthorizedError('no'))": ("1:3", "that is JavaScript: leave out `new`"),
    "x = f(y => y)": ("1:10", "that is JavaScript: write `lambda x: ...`, or a `def`"),
    "if x:\n    pass\nelse if y:\n    pass": ("3:6", "write `elif`"),
    "try:\n    pass\ncatch (e):\n    pass": ("3:1", "that is JavaScript: write `except Exception as error:`"),
    "throw x": ("1:7", "that is JavaScript: write `raise`"),
    "if typeof x == 'a': pass": ("1:11", "that is JavaScript: write `isinstance(x, str)`"),
    "delete user.x": ("1:8", "that is JavaScript: write `del`"),
    "i++": ("1:4", "that is JavaScript: write `+= 1` or `-= 1`"),
    "// a comment": ("1:1", "a comment begins with `#`"),
    "/* a comment */": ("1:1", "a comment begins with `#`"),
    "x = user?.name": ("1:9", 'that is JavaScript: write `.get("name")`'),
    "x = user ?? 1": ("1:10", "that is JavaScript: write `or`"),
    "x = user ? 1 : 2": ("1:10", "that is JavaScript: write `a if condition else b`"),
    "x = `a${b}`": ("1:5", 'that is no quotation mark: write `f"{x}"`'),
    "x = “a”": ("1:5", "quotation marks are straight: `\"` or `'`"),
    "}": ("1:1", "a block stands behind a colon, on lines that are indented"),
    "if x:\n\ty\n        z": ("3:1", "indent by spaces only"),
}


@pytest.mark.parametrize("source", SLIPS)
async def test_a_slip_comes_with_advice(pool: Pool, source: str) -> None:
    place, advice = SLIPS[source]
    (problem,) = said(await pool.compile(source))
    assert problem.startswith(f"{place} syntax_error: ")
    assert problem.endswith(f": {advice}")


# CPython's own message, where there is nothing to add.
PARSER = {
    "def rule(user, context:\n    pass\n": "1:9 syntax_error: '(' was never closed",
    "def rule(user, context)\n    pass\n": "1:24 syntax_error: expected ':'",
    "é = 'öü'; x = (": "1:15 syntax_error: '(' was never closed",
    "é = 1; y = a b": "1:14 syntax_error: invalid syntax",
    "é = 'öü'; x = 1 +\n": "1:18 syntax_error: invalid syntax",
    "print 'x'": "1:1 syntax_error: Missing parentheses in call to 'print'. Did you mean print(...)?",
    "for x in []:\npass": "2:1 syntax_error: expected an indented block after 'for' statement on line 1",
    "x = 'a\n": "1:5 syntax_error: unterminated string literal (detected at line 1)",
    "x = 0123": "1:5 syntax_error: leading zeros in decimal integer literals are not permitted; use an 0o prefix for octal integers",
    "f() = 1": "1:1 syntax_error: cannot assign to function call here. Maybe you meant '==' instead of '='?",
    "x = {": "1:5 syntax_error: '{' was never closed",
}  # fmt: skip


@pytest.mark.parametrize("source", PARSER)
async def test_the_parser_speaks_for_itself(pool: Pool, source: str) -> None:
    assert said(await pool.compile(source)) == [PARSER[source]]


async def test_the_name_of_a_function_does_not_hide_its_parameters(pool: Pool) -> None:
    """Python's own tables of symbols take a function named `top` for the whole script."""
    result = await pool.compile("def top(x):\n    return x\n" + RULE + "top(1)")
    assert (result.problems, len(result.code) > 0) == ([], True)


async def test_hints_do_not_refuse(pool: Pool) -> None:
    result = await pool.compile(RULE + "user.email.toLowerCase()\n    return user.permissions\n")
    assert len(result.code) > 0
    assert said(result) == [
        '2:5 optional_field: `email` may be missing, and then this line raises: `user.get("email")` gives None instead (hint)',
        "2:16 javascript_method: `.toLowerCase(...)` is JavaScript: write `.lower()` (hint)",
        "3:5 return_ignored: the value returned is ignored: set claims on `context.idToken` or `context.accessToken` (hint)",
        '3:12 optional_field: `permissions` may be missing, and then this line raises: `user.get("permissions")` gives None instead (hint)',
    ]  # fmt: skip


async def test_a_method_of_the_scripts_own_is_no_slip(pool: Pool) -> None:
    result = await pool.compile("class A:\n    def push(self, x):\n        pass\n" + RULE + "A().push(1)\n")
    assert (result.problems, len(result.code) > 0) == ([], True)


async def test_many_problems_are_cut(pool: Pool) -> None:
    result = await pool.compile(RULE + "x = [" + "y, " * 20_000 + "]")
    assert len(result.problems) == 201
    assert result.problems[-1] == Problem(
        line=2, column=610, code="too_many_problems", message="19800 more problems are not shown"
    )


# What editors and other systems leave in a file, and what is a comment or data to Python.
COMPILES = {
    "a byte order mark": "\ufeff" + RULE + "x = 1",
    "an encoding cookie": "# -*- coding: utf-7 -*-\n" + RULE + "x = '+AGE-'",
    "carriage returns": (RULE + "x = 1\n    y = 2\n").replace("\n", "\r\n"),
    "carriage returns alone": (RULE + "x = 1\n    y = 2\n").replace("\n", "\r"),
    "form feeds": "\f\n" + RULE + "x = 1\n\f\n",
    "separators of Unicode": RULE + "x = 'a\u2028b\u2029c\x85d'\n    # \u2028\n    y = x",
    "a right-to-left mark in a comment": RULE + "x = 1 # \u202e",
    "names of many scripts": RULE + "größe = 变量 = 1\n    return größe + 变量",
    "a future": '"""Text."""\nfrom __future__ import annotations\n' + RULE + "pass",
    "the main idiom": RULE + "pass\nif __name__ == '__main__':\n    rule({}, {})",
    "tabs": "def rule(user, context):\n\tx = 1\n\tif x:\n\t\ty = 2",
    "one line": "def rule(user, context): pass",
    "escapes that Python warns of": RULE + "x = '\\d' '\\.'\n    assert (x, 'always true')\n    x is 1",
}


@pytest.mark.parametrize("name", COMPILES)
async def test_compiles(pool: Pool, name: str) -> None:
    result = await pool.compile(COMPILES[name])
    assert ([p for p in said(result) if not p.endswith("(hint)")], len(result.code) > 0) == ([], True)


async def test_lines_are_those_of_python(pool: Pool) -> None:
    """A form feed, a file separator and Unicode's line separators end no line; a lone carriage return does."""
    result = await pool.compile("x = '\f\x1c\x85\u2028\u2029'\r# \v\r\n" + RULE + "nope\n")
    assert said(result) == ["4:5 undefined_name: `nope` is not defined: a typing error, or a missing import?"]


TOO_COMPLEX = "1:1 too_complex: the rule is nested too deeply to compile: split it up"
# Sources that are hostile to the compiler. Each ends soon: as this problem, as any problem with a code (True), or
# compiled (None). Where the nesting is met, by CPython's parser, by its compiler or by us, differs between versions.
BOMBS: dict[str, tuple[str, str | bool | None]] = {
    "attributes": (RULE + "x = user" + ".a" * 5000, TOO_COMPLEX),
    "attributes, some": (RULE + "x = user" + ".a" * 300, None),
    "calls": (RULE + "x = user" + "()" * 5000, TOO_COMPLEX),
    "items": (RULE + "x = user" + "[0]" * 5000, TOO_COMPLEX),
    "operators": (RULE + "x = 1" + "+1" * 20_000, TOO_COMPLEX),
    "operators, some": (RULE + "x = 'a'" + " + 'a'" * 300, None),
    "powers": (RULE + "x = " + "2**" * 15_000 + "2", True),
    "unary minus": (RULE + "x = " + "-" * 50_000 + "1", TOO_COMPLEX),
    "not": (RULE + "x = " + "not " * 12_000 + "1", TOO_COMPLEX),
    "lambdas": (RULE + "x = " + "lambda:" * 9000 + "1", True),
    "conditions": (RULE + "x = " + "1 if 1 else " * 5000 + "1", True),
    "brackets": (RULE + "x = " + "(" * 300 + ")" * 300, True),
    "brackets, never closed": (RULE + "x = " + "(" * 65_000, True),
    "lists": (RULE + "x = " + "[" * 150 + "]" * 150, None),
    "dicts": (RULE + "x = " + "{1:" * 5000 + "1", True),
    "indentation": ("".join(" " * i + "if 1:\n" for i in range(120)), True),
    "loops": (RULE + "".join("    " * i + "for x in []:\n    " for i in range(40)) + "    " * 40 + "pass", True),
    "try": (RULE + "".join("    " * i + "try:\n    " for i in range(30)), True),
    "functions": ("".join(" " * i + "def f():\n" for i in range(90)) + " " * 90 + "pass\n" + RULE + "pass", None),
    "classes": ("".join(" " * i + "class A:\n" for i in range(90)) + " " * 90 + "pass\n" + RULE + "pass", None),
    "elif": (RULE + "if 1:\n        pass\n" + "    elif 1:\n        pass\n" * 2500, True),
    "decorators": ("def d(f): return f\n" + "@d\n" * 15_000 + "def f(): pass\n" + RULE + "pass", None),
    "parameters": ("def f(" + ", ".join(f"a{i}" for i in range(6000)) + "): pass\n" + RULE + "pass", None),
    "arguments": (RULE + "f = print\n    f(" + "1," * 25_000 + ")", None),
    "keywords": (RULE + "dict(" + ",".join(f"a{i}=1" for i in range(6000)) + ")", None),
    "the same keyword": (RULE + "dict(" + "a=1," * 15_000 + ")", True),
    "targets": (RULE + "(" + "a," * 25_000 + ") = user", None),
    "targets in targets": (RULE + "(" * 150 + "a" + ",)" * 150 + " = user", None),
    "many targets": (RULE + " = ".join(["(" + "a," * 3000 + ")"] * 7) + " = [1] * 3000", None),
    "starred targets": (RULE + "a, " * 300 + "*b = user", True),
    "names": (RULE + "\n    ".join(f"v{i} = {i}" for i in range(3500)), None),
    "globals": (RULE + "global " + ", ".join(f"g{i}" for i in range(8000)), None),
    "comparisons": (RULE + "x = 1" + " < 1" * 15_000, None),
    "or": (RULE + "x = 1" + " or 1" * 12_000, None),
    "strings beside each other": (RULE + "x = " + "'a' " * 16_000, None),
    "a long string": (RULE + "x = '" + "a" * 65_000 + "'", None),
    "f-strings in a row": (RULE + "x = 1\n    y = f'" + "{x}" * 20_000 + "'", None),
    "f-strings in f-strings": (RULE + "x = " + "f'{" * 200 + "1" + "}'" * 200, True),
    "a wide f-string": (RULE + "x = f'{1:" + "9" * 5000 + "}'", None),
    "format specifications": (RULE + "x = 1\n    y = f'{x:" + "{x:" * 20 + "}" * 21 + "'", True),
    "a big integer": (RULE + "x = " + "9" * 5000, True),
    "a big integer, hexadecimal": (RULE + "x = 0x" + "f" * 60_000, None),
    "a big float": (RULE + "x = " + "9" * 60_000 + ".0", None),
    "folding: text": (RULE + "x = 'a' * 10**9", None),
    "folding: text in text": (RULE + "x = ('a' * 4000) * 4000 * 4000", None),
    "folding: tuples": (RULE + "x = (1,) * 10**8", None),
    "folding: tuples in tuples": (RULE + "x = ((((1,) * 200) * 200) * 200,) * 200", None),
    "folding: power": (RULE + "x = 2 ** 10**7", None),
    "folding: powers": (RULE + "x = 9 ** 9 ** 9 ** 9", None),
    "folding: shift": (RULE + "x = 1 << 10**10", None),
    "folding: product": (RULE + "x = " + "*".join(["99999999999999999999"] * 500), None),
    "folding: a format": (RULE + "x = '%0999999999d' % 1", None),
    "folding: a format of text": (RULE + "x = '%999999999s' % ('a',)", None),
    "folding: bytes": (RULE + "x = b'a' * 10**9", None),
    "folding: a set": (RULE + "x = 1 in {" + "1," * 25_000 + "}", None),
    "patterns": (RULE + "match user:\n        case " + "[" * 150 + "]" * 150 + ": pass", None),
    "alternatives": (RULE + "match user:\n        case " + " | ".join(["1"] * 15_000) + ": pass", None),
    "keys of a pattern": (RULE + "match user:\n        case {" + ",".join(f"{i}: {i}" for i in range(4000)) + "}: pass", None),
    "comprehensions": (RULE + "x = [1 " + "for a in [] " * 5000 + "]", None),
    "comprehensions in comprehensions": (RULE + "x = " + "[" * 90 + "1" + " for a in []]" * 90, True),
    "comprehensions in comprehensions, some": (RULE + "x = " + "[" * 18 + "1" + " for a in []]" * 18, None),
    "comprehensions in handlers": (
        RULE + "".join(f"{'    ' * i}try: pass\n{'    ' * i}    except Exception as e:\n        " for i in range(10))
        + "    " * 10 + "[[1 for a in []] for a in []]", True),
    "subscripts": (RULE + "user" + "[user" * 150 + "]" * 150 + " += 1", None),
    "a big list behind attributes": (RULE + "x = [" + "1," * 20_000 + "]" + ".a" * 300, None),
    "continued lines": (RULE + "x = 1" + "\\\n" * 30_000 + "\n", None),
    "blank lines": (RULE + "pass" + "\n" * 60_000, None),
    "semicolons": (RULE + "x;" * 30_000, True),
    "imports": ("import json\n" * 5000 + RULE + "pass", None),
    "misspelt names": (RULE + "x = [" + ",".join(f"contxt{i}" for i in range(5000)) + "]", True),
    "a long name that is misspelt": (RULE + "x = " + "contxt" * 10_000, True),
    "size": (RULE + "pass\n#" + "x" * 70_000, "1:1 too_large: the script has 70035 bytes: the limit is 65536"),
    "size in bytes": (RULE + "pass\n#" + "€" * 22_000, "1:1 too_large: the script has 66035 bytes: the limit is 65536"),
    "half a surrogate pair": (RULE + "x = '\ud800'", "2:10 syntax_error: the character '\\ud800' is not text"),
    "nul": (RULE + "x = '\0'", "2:10 syntax_error: the character '\\x00' is not text"),
    "a control character": (RULE + "x = \x01", True),
    "nothing": ("", "1:1 no_rule_function: a script needs a function `def rule(user, context):` at its top level"),
    "an escape of half a pair": (RULE + "x = '\\ud800'", None),
    "a name of Unicode that is none": (RULE + "x = '\\N{nothing}'", True),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
async def test_bombs(pool: Pool, name: str) -> None:
    source, expected = BOMBS[name]
    began = time.monotonic()
    result = await pool.compile(source)
    assert time.monotonic() - began < DEFAULT.compile_time
    problems = [problem for problem in said(result) if not problem.endswith("(hint)")]
    if expected is None:
        assert (problems, len(result.code) > 0) == ([], True)
    else:
        assert result.code == b""
        assert problems == [expected] if type(expected) is str else problems
        assert "compile_crashed" not in " ".join(problems)
