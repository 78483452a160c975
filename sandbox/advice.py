"""What authors reach for and do not find in rules: the reason, and what to write instead.

Many rules are written by people who know Auth0's JavaScript, so its words have rows as well.
"""

from __future__ import annotations

import re

_NO_FILES = "rules have no files: put data into `app_metadata`, or into the rule itself"
_NO_TERMINAL = "rules have no terminal"
_NO_NETWORK = "rules have no network of their own"
_HTTP = "use `http.get(...)`, `http.post(...)` and so on, which are there without an import"
_SECRETS = "secrets and settings are in `configuration`"
_NO_CODE = "rules cannot run text as code"
_NO_THREADS = "rules run alone: there is nothing to wait for"
_NO_MIRROR = "rules cannot inspect themselves: use a dict of your own"
_END = "end a rule with `return`"
_JAVASCRIPT = "that is JavaScript"

# Names.
UNAVAILABLE = {
    "open": _NO_FILES,
    "input": f"{_NO_TERMINAL}: read `user` and `context`",
    "exec": _NO_CODE,
    "eval": f"{_NO_CODE}: use `json.loads` to read data",
    "compile": _NO_CODE,
    "globals": _NO_MIRROR,
    "locals": _NO_MIRROR,
    "vars": "rules cannot inspect objects: a dict's keys are `list(d)`",
    "dir": "rules cannot inspect objects: a dict's keys are `list(d)`",
    "id": "addresses differ between executions: compare with `is`",
    "hash": "hashes differ between processes: use `hashlib`",
    "memoryview": "use `bytes`",
    "bytearray": "use `bytes`, or a list of integers",
    "complex": "use `float`",
    "breakpoint": "rules have no debugger: `print` goes to the trace",
    "help": _NO_TERMINAL,
    "exit": _END,
    "quit": _END,
    "aiter": "rules are not asynchronous: use `iter`",
    "anext": "rules are not asynchronous: use `next`",
    "BaseException": "it would catch the time limit: use `Exception`",
    "SystemExit": _END,
    "KeyboardInterrupt": "it never happens in a rule",
    "GeneratorExit": "use `try: ... finally: ...`",
    "ExceptionGroup": "exception groups are not available: raise one exception",
    "OSError": "rules have no operating system: use an exception of your own",
    "IOError": "rules have no operating system: use an exception of your own",
    "PermissionError": "deny by `raise UnauthorizedError(...)`",
    "reduce": "write `from functools import reduce`",
    "long": "use `int`",
    "unicode": "use `str`",
    "basestring": "use `str`",
    "unichr": "use `chr`",
    "xrange": "use `range`",
    "raw_input": f"{_NO_TERMINAL}: read `user` and `context`",
    "cmp": "compare with `<` and `==`, and sort by `key=`",
    # JavaScript's
    "null": f"{_JAVASCRIPT}: write `None`",
    "undefined": f"{_JAVASCRIPT}: write `None`, and `.get(...)` for a field that may be missing",
    "true": f"{_JAVASCRIPT}: write `True`",
    "false": f"{_JAVASCRIPT}: write `False`",
    "NaN": f"{_JAVASCRIPT}: write `math.nan`",
    "Infinity": f"{_JAVASCRIPT}: write `math.inf`",
    "this": f"{_JAVASCRIPT}: name the object",
    "console": "use `print(...)`, which goes to the trace",
    "require": "use `import`: see the list of modules",
    "module": f"{_JAVASCRIPT}: a script exports nothing, it defines `rule`",
    "exports": f"{_JAVASCRIPT}: a script exports nothing, it defines `rule`",
    "JSON": f"{_JAVASCRIPT}: write `json.loads(...)` and `json.dumps(...)` after `import json`",
    "Object": f"{_JAVASCRIPT}: a dict has `.keys()`, `.values()`, `.items()` and `.update(...)`",
    "Array": f"{_JAVASCRIPT}: write `list(...)`, and `isinstance(x, list)`",
    "String": f"{_JAVASCRIPT}: write `str(...)`",
    "Number": f"{_JAVASCRIPT}: write `int(...)` or `float(...)`",
    "Boolean": f"{_JAVASCRIPT}: write `bool(...)`",
    "Math": f"{_JAVASCRIPT}: write `math.floor(...)` after `import math`",
    "Date": f"{_JAVASCRIPT}: write `datetime.datetime.now()` after `import datetime`",
    "RegExp": f"{_JAVASCRIPT}: write `re.compile(...)` after `import re`",
    "Error": f"{_JAVASCRIPT}: write `Exception(...)`",
    "parseInt": f"{_JAVASCRIPT}: write `int(...)`",
    "parseFloat": f"{_JAVASCRIPT}: write `float(...)`",
    "isNaN": f"{_JAVASCRIPT}: write `math.isnan(...)` after `import math`",
    "encodeURIComponent": f"{_JAVASCRIPT}: write `urllib.parse.quote(...)` after `import urllib.parse`",
    "decodeURIComponent": f"{_JAVASCRIPT}: write `urllib.parse.unquote(...)` after `import urllib.parse`",
    "Promise": "rules are not asynchronous: write one line after the other",
    "setTimeout": "rules are not asynchronous: write one line after the other",
    "process": f"rules have no operating system: {_SECRETS}",
    "Buffer": f"{_JAVASCRIPT}: write `bytes`, and `base64.b64encode(...)` after `import base64`",
    "request": f"{_NO_NETWORK}: {_HTTP}; the login's own request is `context.request`",
    "requests": f"{_NO_NETWORK}: {_HTTP}",
    "fetch": f"{_NO_NETWORK}: {_HTTP}",
    "axios": f"{_NO_NETWORK}: {_HTTP}",
}

# Names of Python's that have two underscores.
UNAVAILABLE_MAGIC = {
    "__file__": "rules have no files",
    "__builtins__": _NO_MIRROR,
    "__import__": "use `import`",
    "__class__": "use `type(x)`, or `isinstance(x, ...)`",
    "__dict__": "name the attributes, or use a dict",
    "__all__": "a script exports nothing: leave it out",
    "__version__": "leave it out: rules are numbered by the service",
    "__author__": "leave it out: the service knows who has changed a rule",
    "__doc__": "leave it out",
    "__slots__": "leave it out",
    "__enter__": "no context managers are available: write `try: ... finally: ...`",
    "__exit__": "no context managers are available: write `try: ... finally: ...`",
    "__del__": "it would run after the login: write `try: ... finally: ...`",
    "__getattr__": "define `__getitem__`",
    "__setattr__": "define `__setitem__`",
    "__new__": "define `__init__`",
    "__format__": "define `__str__`",
    "__init_subclass__": "call a function after the class",
    "__class_getitem__": "annotations are ignored: leave it out",
    "__annotations__": "annotations are ignored",
}

# Modules.
UNAVAILABLE_MODULES = {
    "os": f"rules have no operating system: {_SECRETS}",
    "sys": "rules have no interpreter to look at",
    "subprocess": "rules cannot start programs",
    "socket": "rules have no network",
    "requests": f"{_NO_NETWORK}: {_HTTP}",
    "httpx": f"{_NO_NETWORK}: {_HTTP}",
    "aiohttp": f"{_NO_NETWORK}: {_HTTP}",
    "urllib3": f"{_NO_NETWORK}: {_HTTP}",
    "urllib.request": f"{_NO_NETWORK}: {_HTTP}",
    "http": f"{_NO_NETWORK}: {_HTTP}",
    "smtplib": _NO_NETWORK,
    "ssl": f"{_NO_NETWORK}: {_HTTP}",
    "asyncio": "rules are not asynchronous",
    "threading": _NO_THREADS,
    "multiprocessing": _NO_THREADS,
    "concurrent": _NO_THREADS,
    "logging": "use `print(...)`, which goes to the trace",
    "pathlib": "rules have no files",
    "tempfile": "rules have no files",
    "shutil": "rules have no files",
    "io": "rules have no files: build a string",
    "bisect": "use `sorted(...)`, and a loop",
    "calendar": "use `datetime.date`",
    "difflib": "compare the texts yourself",
    "email": "take the address apart: `address.rpartition('@')`",
    "fnmatch": "use `re`",
    "heapq": "use `sorted(...)[:n]`",
    "pickle": "use `json`",
    "pprint": "use `print(...)`, or `json.dumps(x, indent=2)`",
    "struct": "use `int.from_bytes(...)`",
    "textwrap": "cut the text yourself: `text[:n]`",
    "traceback": "an error that is not caught is in the trace, with its lines",
    "unittest": "a rule is tested by its cases, from outside",
    "pytest": "a rule is tested by its cases, from outside",
    "warnings": "use `print(...)`, which goes to the trace",
    "zlib": "use `binascii.crc32(...)`, or `hashlib`",
    "yaml": "use `json`",
    "pytz": "use `zoneinfo`",
    "dateutil": "use `datetime.datetime.fromisoformat(...)`",
    "numpy": "use `math` and `statistics`",
    "pandas": "use lists and dicts",
    "abc": "annotations are accepted and ignored: write a class of your own",
    "contextlib": "no context managers are available: write `try: ... finally: ...`",
    "dataclasses": "use a dict or a class of your own",
    "enum": "use constants: `ADMIN = 'admin'`",
    "inspect": _NO_MIRROR,
    "importlib": "use `import`",
    "builtins": "the names are there without an import",
    "ast": _NO_CODE,
    "ctypes": "rules have no memory to look at",
    "gc": "rules have no interpreter to look at",
    "Crypto": "use `hashlib` and `hmac`",
    "cryptography": "use `hashlib` and `hmac`",
    "jose": "use `jwt`",
    "jwt.exceptions": "they are in `jwt` itself: `from jwt import InvalidTokenError`",
    "auth0": "it is there without an import: `auth0.users`",
    "cache": "it is there without an import: `cache.get(...)`",
    "configuration": "it is there without an import: `configuration.NAME`",
    "redis": "use `cache`, which is there without an import: `cache.get(...)`",
}

# Methods of JavaScript's texts, arrays and objects, which raise when they are called.
JAVASCRIPT_METHODS = {
    "toLowerCase": "`.lower()`",
    "toUpperCase": "`.upper()`",
    "toString": "`str(...)`",
    "trim": "`.strip()`",
    "startsWith": "`.startswith(...)`",
    "endsWith": "`.endswith(...)`",
    "includes": "`x in y`",
    "indexOf": "`x in y`, or `.index(...)`",
    "substring": "`text[a:b]`",
    "substr": "`text[a:b]`",
    "charAt": "`text[i]`",
    "replaceAll": "`.replace(...)`",
    "push": "`.append(...)`",
    "unshift": "`.insert(0, ...)`",
    "shift": "`.pop(0)`",
    "concat": "`a + b`",
    "forEach": "`for x in y:`",
    "hasOwnProperty": '`"name" in d`',
    "then": "the next line: rules are not asynchronous",
}

# Slips that are no Python at all: what stands on the line, and what to write instead.
SLIPS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), advice)
    for pattern, advice in (
        (
            r"\bglobal\b\s*(?:\.|\[|$)",
            "logins share no objects: keep a value for a time by `cache.set(key, value, ttl=60)` and `cache.get(key)`",
        ),
        (r"\bfunction\b", f"{_JAVASCRIPT}: write `def rule(user, context, callback):`"),
        (r"&&", f"{_JAVASCRIPT}: write `and`"),
        (r"\|\|", f"{_JAVASCRIPT}: write `or`"),
        (r"!==", f"{_JAVASCRIPT}: write `!=`"),
        (r"===", f"{_JAVASCRIPT}: write `==`"),
        (r"(?<!=)![\w(]", f"{_JAVASCRIPT}: write `not`"),
        (r"\b(?:var|let|const)\s+\w", f"{_JAVASCRIPT}: leave out `var`, `let` and `const`"),
        (r"\bnew\s+\w", f"{_JAVASCRIPT}: leave out `new`"),
        (r"=>", f"{_JAVASCRIPT}: write `lambda x: ...`, or a `def`"),
        (r"\belse\s+if\b", "write `elif`"),
        (r"\bcatch\b", f"{_JAVASCRIPT}: write `except Exception as error:`"),
        (r"\bthrow\b", f"{_JAVASCRIPT}: write `raise`"),
        (r"\bswitch\b", f"{_JAVASCRIPT}: write `match`"),
        (r"\btypeof\b", f"{_JAVASCRIPT}: write `isinstance(x, str)`"),
        (r"\bdelete\s+\w", f"{_JAVASCRIPT}: write `del`"),
        (r"\+\+|--", f"{_JAVASCRIPT}: write `+= 1` or `-= 1`"),
        (r"//", "a comment begins with `#`"),
        (r"/\*", "a comment begins with `#`"),
        (r"\?\.", f'{_JAVASCRIPT}: write `.get("name")`'),
        (r"\?\?", f"{_JAVASCRIPT}: write `or`"),
        (r"\?", f"{_JAVASCRIPT}: write `a if condition else b`"),
        (r"`", 'that is no quotation mark: write `f"{x}"`'),
        (r"[\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb]", "quotation marks are straight: `\"` or `'`"),
        (r"\)\s*\{\s*$|\b(?:else|try)\s*\{\s*$|^\s*\}", "a block stands behind a colon, on lines that are indented"),
    )
)


INDENT = "indent by spaces only"


def of_slip(error: SyntaxError, line: str) -> str | None:
    """What to write instead of the slip on `line` that is nearest to the place of `error`, where there is one."""
    if isinstance(error, TabError):
        return INDENT
    if str(error.msg).startswith("f-string"):
        return None
    column = error.offset or 1
    found = [(abs(match.start() + 1 - column), advice) for slip, advice in SLIPS for match in slip.finditer(line)]
    return min(found, key=lambda pair: pair[0])[1] if found else None
