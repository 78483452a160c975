"""What generated rules are made of: values, names and phrases as literal tables, and the language's own tables.

A phrase may have holes: `$int`, `$list` ... are filled with an expression of that kind, `$any` with one of any
kind, `$place` with a dict of the login's data, `$field` with a name, `$key` with the text of a key.
"""

# ruff: noqa: E501

from __future__ import annotations

import builtins
import collections
import datetime
import decimal
import hashlib
import hmac
import inspect
import ipaddress
import json
import re
import time
import types
import urllib.parse
import uuid
import zoneinfo
from typing import Any

from sandbox.exposed import ATTRIBUTES, BUILTINS, CLASS_ATTRIBUTES, PER_STEP
from sandbox.facades import FIXED
from sandbox.guards import DICT_CHANGES, LIST_CHANGES
from sandbox.language import MAGIC_METHODS
from sandbox.members import MEMBERS
from sandbox.responses import Headers, Response

# kind: the expressions that need nothing
LITERALS: dict[str, tuple[str, ...]] = {
    "int": ("0", "1", "2", "3", "-1", "7", "255", "10 ** 6", "2 ** 63", "-(2 ** 63)", "2 ** 64", "True", "0x7FFFFFFF"),
    "str": ("'a'", "''", "'x'", "'admin'", "'a/b~c'", "'é☃'", "'1'", "'{0}'", "'a,b'", "'%s'", "'\\ud800'", "'\\x00'",
            "'idToken'", "'https://example.com/role'", "'2026-01-02'", "'YWJj'", "'{\"a\": [1, 2.5]}'", "'(a+)b'"),
    "float": ("0.5", "1.0", "-2.25", "1e300", "float('nan')", "float('inf')", "-0.0"),
    "bool": ("True", "False"),
    "bytes": ("b''", "b'abc'", "b'\\xff\\x00'", "b'YWJj'"),
    "list": ("[]", "[1, 2, 3]", "['a', 'b']", "[3, 1, 2]", "[[1], [2]]", "[None, True]", "[{'n': 1}, {'n': 2}]"),
    "dict": ("{}", "{'a': 1}", "{'n': [1], 's': 'x'}", "{'a': {'b': {}}}", "{1: 2}", "{None: 1}", "{'': 0}"),
    "tuple": ("()", "(1, 2)", "('a', 1)", "([1], {})"),
    "set": ("{1, 2}", "{'a'}", "frozenset('ab')", "set()"),
    "none": ("None",),
    "func": ("lambda *a, **k: None", "lambda x: x", "lambda x, y=1: (x, y)", "str", "len", "int", "print", "list", "dict"),
    "exc": ("ValueError('v')", "KeyError('k')", "Exception()", "UnauthorizedError('no')", "StopIteration(1)"),
    "cls": ("str", "int", "dict", "list", "ValueError", "UnauthorizedError", "object", "set", "bytes", "tuple"),
    "object": ("object()", "NotImplemented", "Ellipsis", "iter([1, 2])", "(x for x in [1, 2])", "slice(1, 2)", "range(3)"),
    "auth0": ("auth0", "auth0.users"),
}  # fmt: skip

# kind: phrases that make one from others
PHRASES: dict[str, tuple[str, ...]] = {
    "int": ("$int + $int", "$int - $int", "$int * 3", "$int // 2", "$int % 7", "-$int", "+$int", "~$int", "$int & $int", "$int | $int",
            "$int ^ 5", "$int << 3", "$int >> 1", "len($list)", "len($str)", "len($dict)", "sum([1, $int])", "abs($int)",
            "max($int, 1)", "min([$int, 4])", "int($str)", "int($float)", "round($float)", "$list[0]", "context.stats.loginsCount",
            "user.app_metadata.level", "user.app_metadata['level']", "context.stats.get('loginsCount', 0)", "ord('a')",
            "($int if $bool else $int)", "$list.index(1)", "$str.count('a')", "($int).bit_length()", "pow($int, 2)", "divmod($int, 3)[1]",
            "(lambda: $int)()", "[$int][0]", "(z := $int)", "next(iter($list), 0)", "$dict.get('a')"),
    "str": ("user.email", "user['email']", "user.user_id", "context.clientID", "user.get('email')", "$str + $str", "$str * 2",
            "str($any)", "repr($any)", "ascii($any)", "f'{$any}'", "f'{$any!r:>5}'", "f'{$int:{$int}}'", "f\"{$str}-{$list}\"",
            "'{} {}'.format($any, $any)", "'{0.email}'.format(user)", "'{a[email]}'.format(a=user)", "'{0}'.format($any)",
            "'{email}'.format_map(user)", "'%s' % ($any,)", "'%r-%d' % ($str, $int)", "$str.upper()", "$str.strip()", "$str[1:]",
            "$str[::-1]", "','.join($list)", "','.join(map(str, $list))", "$str.replace('a', $str)", "format($any, $str)", "chr($int)",
            "hex($int)", "bin($int)", "$str.split('@')[0]", "($str or $str)", "$bytes.decode()", "$bytes.hex()",
            "$str.partition('a')[2]", "'{0.__class__}'.format($any)", "'{0[a]}'.format($dict)", "'{:{}}'.format($int, $int)",
            "'{0.a.b}'.format($dict)", "'{!r}'.format($any)", "$str.translate({97: $str})", "$str.encode().decode('latin-1')"),
    "float": ("$float + $int", "$int / 2", "$float * $float", "float($int)", "float($str)", "round($float, 2)", "abs($float)",
              "$float ** 2", "$float % 3", "$int / ($int or 1)", "sum($list, 0.0)"),
    "bool": ("$any == $any", "$any != $any", "$int < $int", "$any is $any", "$any is not None", "$any in $list", "$str in $str",
             "$any not in $dict", "not $any", "$bool and $bool", "$any or $any", "isinstance($any, $cls)", "isinstance($any, ($cls, $cls))",
             "issubclass($cls, $cls)", "callable($any)", "hasattr($any, $key)", "hasattr($any, $hidden)", "bool($any)", "all($list)",
             "any($list)", "1 < $int <= 5", "$int >= $int", "$int > $float", "$str.startswith('a')", "$str.isdigit()", "$set <= $set", "$list == $list"),
    "bytes": ("$str.encode()", "bytes($list)", "$bytes + $bytes", "$bytes[1:]", "bytes($int)", "$str.encode('utf-16')", "($int).to_bytes(8, 'big')"),
    "list": ("user.permissions", "user.app_metadata.roles", "user['permissions']", "list($any)", "sorted($list)", "sorted($set, key=str)",
             "[$any, $any]", "[*$list, $any]", "$list + $list", "$list * 2", "$list[1:]", "$list[::-1]", "$list.copy()", "list($dict.items())",
             "[x for x in $list]", "[x for x in $list if x]", "[(x, y) for x in $list for y in $list]", "[str(x) for x in $set]", "$str.split($str)",
             "list(map($func, $list))", "list(filter($func, $list))", "list(zip($list, $str))", "list(enumerate($list))", "list(reversed($list))",
             "[*map(str, $list)]", "list(range($int))", "[[x] for x in $list]", "sorted($list, key=$func, reverse=$bool)", "list($dict)",
             "$dict.get('a', [])", "[lambda: x for x in $list]", "(yes := $list)"),
    "dict": ("user.app_metadata", "user.user_metadata", "context.stats", "context.idToken", "context.accessToken", "dict(user)", "user.copy()",
             "dict($dict)", "{**$dict, 'k': $any}", "$dict | $dict", "dict(a=$any, b=$any)", "{'k': $any}", "{$str: $any}", "$dict.copy()",
             "{x: x for x in $list}", "{k: v for k, v in $dict.items()}", "dict(zip($str, $list))", "dict.fromkeys($list, $any)", "{'a': $list, 'b': $dict}",
             "user.get('missing') or {}", "{x: [] for x in $str}", "dict([($str, $any)])"),
    "tuple": ("tuple($list)", "($any, $any)", "(*$list, $any)", "$tuple + $tuple", "divmod($int, 2)", "tuple(x for x in $list)", "$str.partition('a')", "($any,)"),
    "set": ("set($list)", "{$any, $any}", "$set | $set", "$set & $set", "$set - $set", "frozenset($list)", "{x for x in $list}", "$set ^ $set"),
    "none": ("print($any)", "print($any, $any, sep=$str)", "$list.append($any)", "context.idToken.update(a=$any)", "$dict.clear()", "setattr($dict, $key, $any)"),
    "func": ("lambda x: $any", "lambda *a: $any", "lambda x, k=$any: [x, k]", "$dict.get", "$list.append", "$str.join", "context.idToken.setdefault",
             "user.app_metadata.update", "context.idToken.pop", "getattr", "lambda: (yield_ for yield_ in $list)", "staticmethod($func)", "property($func)"),
    "exc": ("ValueError($any)", "KeyError($any)", "Exception($any, $any)", "UnauthorizedError($str)", "TypeError($any)", "RuntimeError($exc)"),
    "cls": ("type($any)", "type($int)", "type($str)", "type($exc)"),
    "object": ("iter($list)", "map($func, $list)", "filter($func, $list)", "zip($list, $list)", "enumerate($list)", "reversed($list)",
               "(x for x in $list)", "($any for x in $list if $bool)", "range($int)", "slice($int, $int)", "$dict.items()", "$dict.keys()", "$dict.values()",
               "iter($func, None)"),
    "auth0": ("auth0.users", "auth0.users.updateUserMetadata", "auth0.users.update_app_metadata"),
}  # fmt: skip

# exact type: expressions of it. Types without a row are met as what other calls answer.
MAKERS: dict[type, tuple[str, ...]] = {
    str: ("$str",),
    bytes: ("$bytes",),
    int: ("$int",),
    bool: ("$bool",),
    float: ("$float",),
    dict: ("$dict",),
    list: ("$list",),
    tuple: ("$tuple",),
    set: ("$set",),
    frozenset: ("frozenset($list)",),
    range: ("range(5)",),
    slice: ("slice($int, 3)",),
    types.GeneratorType: ("(x for x in $list)",),
    datetime.datetime: ("datetime.datetime(2026, 1, 2, 3, 4, tzinfo=datetime.UTC)", "datetime.datetime.now()", "datetime.datetime.now(datetime.UTC)"),
    datetime.date: ("datetime.date(2026, 1, 2)", "datetime.date.today()"),
    datetime.time: ("datetime.time(3, 4, 5)",),
    datetime.timedelta: ("datetime.timedelta(days=$int)", "datetime.timedelta(seconds=90)"),
    datetime.timezone: ("datetime.UTC", "datetime.timezone(datetime.timedelta(hours=2), $str)"),
    re.Pattern: ("re.compile('(a)(?P<n>b)?')", "re.compile($str)", "re.compile('[a-z]+', re.I)"),
    re.Match: ("re.match('(a)(?P<n>b)?', 'ab')", "re.search('[a-z]+', $str)"),
    type(hashlib.sha256()): ("hashlib.sha256($bytes)", "hashlib.md5(b'a')"),
    type(hashlib.blake2b()): ("hashlib.blake2b($bytes)",),
    type(hashlib.blake2s()): ("hashlib.blake2s(b'a')",),
    hmac.HMAC: ("hmac.new(b'k', $bytes)", "hmac.new(b'k', b'm', 'sha1')"),
    uuid.UUID: ("uuid.uuid4()", "uuid.uuid5(uuid.NAMESPACE_DNS, $str)", "uuid.UUID(int=$int)"),
    property: ("property($func)",),
    Response: ("http.get('https://example.com/a')", "http.post('https://example.com/missing', json=$any, headers=$dict)"),
    Headers: ("http.get('https://example.com/a').headers",),
    urllib.parse.ParseResult: ("urllib.parse.urlparse('https://u:p@h:8/p;x?q=1#f')", "urllib.parse.urlparse($str)"),
    urllib.parse.ParseResultBytes: ("urllib.parse.urlparse(b'https://h/p')",),
    urllib.parse.SplitResult: ("urllib.parse.urlsplit('https://h/p?q=1')",),
    urllib.parse.SplitResultBytes: ("urllib.parse.urlsplit(b'https://h/p')",),
    urllib.parse.DefragResult: ("urllib.parse.urldefrag('https://h/p#f')",),
    urllib.parse.DefragResultBytes: ("urllib.parse.urldefrag(b'https://h/p#f')",),
    collections.Counter: ("collections.Counter($list)", "collections.Counter($str)"),
    collections.OrderedDict: ("collections.OrderedDict($dict)",),
    collections.defaultdict: ("collections.defaultdict(list)", "collections.defaultdict($func, $dict)"),
    collections.deque: ("collections.deque($list)", "collections.deque($list, $int)"),
    decimal.Decimal: ("decimal.Decimal('1.25')", "decimal.Decimal($int)", "decimal.Decimal($str)"),
    ipaddress.IPv4Address: ("ipaddress.ip_address('192.0.2.1')",),
    ipaddress.IPv6Address: ("ipaddress.ip_address('2001:db8::1')",),
    ipaddress.IPv4Network: ("ipaddress.ip_network('192.0.2.0/28')",),
    ipaddress.IPv6Network: ("ipaddress.ip_network('2001:db8::/126')",),
    zoneinfo.ZoneInfo: ("zoneinfo.ZoneInfo('Europe/Berlin')",),
    time.struct_time: ("datetime.datetime(2026, 1, 2).timetuple()",),
    json.JSONDecodeError: ("json.JSONDecodeError('m', $str, 1)",),
    re.error: ("re.error('m', $str, 1)",),
    type(datetime.date(2026, 1, 2).isocalendar()): ("datetime.date(2026, 1, 2).isocalendar()",),
}  # fmt: skip

PLACES = ("context.idToken", "user.app_metadata", "context.idToken", "user", "context.accessToken", "user.app_metadata", "user.user_metadata", "context", "user['app_metadata']", "context['idToken']",
          "context.stats", "context.get('idToken')")  # fmt: skip

FIELDS = ("a", "b", "roles", "level", "email", "n", "x", "name", "permissions", "color", "idToken", "redirect", "multifactor", "items", "get", "args",
          "stats", "app_metadata", "append", "user_id", "é", "loginsCount", "data", "value", "text")  # fmt: skip
KEYS = (
    *(repr(field) for field in FIELDS),
    "'a/b~c'", "''", "'https://example.com/role'", "'__class__'", "'\\x00'", "'~1'", "'0'", "'-'", "0", "-1", "1", "(1, 2)", "None", "'é' * 3", "'k' * 300", "True",
    "'\\ud800'", "1.5",
)  # fmt: skip

# Names that lead somewhere in CPython, RestrictedPython or here. As text they reach `getattr` and `str.format`.
HIDDEN = tuple(
    """__class__ __bases__ __base__ __mro__ mro __subclasses__ __dict__ __globals__ __builtins__ __code__ __closure__ __func__ __self__
    __init__ __new__ __reduce__ __reduce_ex__ __getattribute__ __getattr__ __setattr__ __delattr__ __import__ __loader__ __spec__ __module__
    __name__ __qualname__ __doc__ __wrapped__ __slots__ __call__ __get__ __set__ __traceback__ __context__ __cause__ with_traceback
    add_note __notes__ gi_frame gi_code gi_yieldfrom cr_frame ag_frame f_globals f_locals f_builtins f_back f_code tb_frame tb_next co_code
    co_consts func_globals func_code obj name value _getattr_ _getitem_ _write_ _inplacevar_ _Exception_ __metaclass__ _print_ _apply_
    __class_getitem__ __init_subclass__ __set_name__ __instancecheck__ __prepare__ __del__ __exit__ __enter__ __missing__ __format__ __index__
    __roles__ a__roles__ _tmp1 _recorder _holder _journal member send throw close get_value vformat format_field encode_default
    fields hex bytes isoformat tzinfo string re expand groupindex""".split()
)

NAMES = ("a", "b", "c", "d", "e", "f", "x", "y", "k", "v", "m", "n", "items", "found", "total", "r", "s", "t")
# Names to bind that mean something to the language, its hooks or its library.
ODD_NAMES = (
    "str", "type", "print", "getattr", "dict", "list", "len", "Exception", "json", "re", "user", "context", "self", "cls", "callback", "auth0",
    "UnauthorizedError", "isinstance", "None_", "_", "rule", "__name__", "_x", "__class__", "_getattr_", "_write_", "__metaclass__", "_tmp1", "＿getattr＿",
    "__builtins__", "__import__", "__build_class__", "__debug__", "ﬁeld", "ｐrint", "sorted", "object", "match", "case",
)  # fmt: skip

# Whole statements that try something.
ATTEMPTS = (
    "getattr($any, $hidden)",
    "getattr($any, $hidden, $any)",
    "setattr($any, $hidden, $any)",
    "delattr($any, $hidden)",
    "hasattr($any, '__cl' + 'ass__')",
    "getattr($any, '_'.join(['', '', 'class', '', '']))",
    "list(map(getattr, [$any, $any], [$hidden, $key]))",
    "print(*$list, sep=$str, end=$str)",
    "print($any, sep=$any)",
    "'{0.$attr}'.format($any)",
    "'{0[$attr]}'.format($any)",
    "'{a.$attr.$attr}'.format(a=$any)",
    "'{0.$attr}{1!r}{2:{3}}'.format($any, $any, $any, $any)",
    "('{0.' + $hidden + '}').format($any)",
    "'{$attr}'.format_map($any)",
    "str.format($str, $any)",
    "$any.$attr",
    "$any[$any]",
    "$any[$any] = $any",
    "$any.$attr = $any",
    "del $any[$any]",
    "del $any.$attr",
    "$any($any)",
    "$any(*$list, **$dict)",
    "$cls($any)",
    "$cls.$attr",
    "type($any)($any)",
    "type('X', (), {})",
    "callback($any)",
    "callback(None, $any, $any)",
    "callback(UnauthorizedError($any))",
    "auth0.users.updateUserMetadata(user.user_id, $dict)",
    "auth0.users.updateAppMetadata($any, $dict)",
    "auth0.users.update_user_metadata(user.user_id, {'a': $any})",
    "raise $exc",
    "raise $any from $any",
    "assert $any, $any",
    "exec($str)",
    "eval('user')",
    "open('CANARY_FILE')",
    "import os",
    "from json import codecs",
    "from re import *",
    "import json.codecs",
    "import urllib.parse as q, json as j",
    "from urllib import parse",
    "json.loads($str, object_hook=$func)",
    "json.dumps($any, default=$func)",
    "re.sub($str, $func, $str)",
    "random.shuffle($any)",
    "random.shuffle(user.permissions)",
    "sum($any, $any)",
    "sorted($any, key=$any)",
    "max($any, key=$func, default=$any)",
    "10 ** 10 ** $int",
    "'x' * 10 ** 7 * $int",
    "[0] * 10 ** $int",
    "pow($int, $int, $int)",
    "user.x = user",
    "context.idToken.u = user",
    "user.update(c=context)",
    "context.idToken.me = context.idToken",
    "user.permissions.append(user.permissions)",
    "user.update(user)",
    "context.idToken |= user",
    "user.permissions[:] = $any",
    "user.permissions[$int:$int] = $list",
    "user.permissions[::2] = $list",
    "context.idToken = $any",
    "context['idToken'] = {'a': $any}",
    "del context.idToken",
    "context.pop('accessToken')",
    "user.clear()",
    "context.idToken.update($any)",
    "context.idToken.update((k, v) for k, v in $dict.items())",
    "user.permissions.extend(x for x in $any)",
    "user.permissions.sort(key=lambda x: user.permissions.append(1))",
    "user.permissions.sort(key=str)",
    "user.setdefault($key, []).append($any)",
    "context.redirect = {'url': $str}",
    "context.multifactor = {'provider': $any}",
    "int('9' * 5000)",
    "str(10 ** 5000)",
    "match = [1]; match[0] = $any",
    "user.__class__",
    "x = yield",
    "nonlocal user",
    "global rule; rule = $any",
    "global hidden; hidden = $any",
    "return $any",
    "await $any",
    "with $any: pass",
    "async def f(): pass",
    "type X = int",
    "del user, context",
    "user: $any = $any",
    "(user.a, context['b'], *c) = $list",
    "for user.a, user['b'] in $dict.items(): pass",
    "[context.idToken.a, [b, c]] = $list",
    "a = b = context.idToken.c = user['d'] = $any",
)  # fmt: skip

CHANGES: dict[type, tuple[str, ...]] = {dict: tuple(DICT_CHANGES), list: tuple(LIST_CHANGES)}
CALLABLE_BUILTINS = tuple(
    sorted(
        name
        for name in {*BUILTINS, *PER_STEP}
        if callable(BUILTINS[name][0] if name in BUILTINS else getattr(builtins, name, None))
    )
)
METHODS = tuple(sorted(MAGIC_METHODS))
MODULES = tuple(sorted(MEMBERS))


def most_arguments(value: Any) -> tuple[int, int]:
    """How many positional arguments a callable takes, least and most, as far as it says so."""
    try:
        parameters = inspect.signature(value).parameters.values()
    except (TypeError, ValueError):
        return 0, 3
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    least = sum(p.default is p.empty for p in positional)
    star = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    return min(least, 4), min(least + 2 if star else len(positional), 4)


def _calls(prefix: str, value: Any, bound: bool) -> list[str]:
    """Phrases that use a value: called with plausible numbers of arguments, or as it is."""
    if not callable(value):
        return [prefix]
    least, most = most_arguments(value)
    if bound:
        least, most = max(least - 1, 0), max(most - 1, 0)
    return [f"{prefix}({', '.join(['$any'] * count)})" for count in range(least, most + 1)]


def _by_tables() -> dict[str, tuple[str, ...]]:
    """One phrase after another for every row of the language's tables, so that a new row is used at once."""
    phrases: dict[str, tuple[str, ...]] = {}
    for name in CALLABLE_BUILTINS:
        value = BUILTINS[name][0] if name in BUILTINS else getattr(builtins, name, None)
        phrases[name] = tuple(_calls(name, value, bound=False)) or (name,)
    for name in {*BUILTINS, *PER_STEP} - set(CALLABLE_BUILTINS):
        phrases[name] = (name,)
    for kind, names in ATTRIBUTES.items():
        for name in {*names, *CHANGES.get(kind, ())}:
            holders = MAKERS.get(kind, ("$any",))
            member = getattr(kind, name, None)
            phrases[f"{kind.__name__}().{name}"] = tuple(
                phrase for holder in holders for phrase in _calls(f"{_bracket(holder)}.{name}", member, bound=True)
            )
    for kind, names in CLASS_ATTRIBUTES.items():
        prefix = next(
            (f"{module}.{kind.__name__}" for module, its in FIXED.items() if its.get(kind.__name__) is kind),
            kind.__name__,
        )
        for name in names:
            phrases[f"{kind.__name__}.{name}"] = tuple(
                _calls(f"{prefix}.{name}", getattr(kind, name, None), bound=False)
            )
    for module, names in MEMBERS.items():
        for name in names:
            if f"{module}.{name}" not in MEMBERS:
                member = FIXED.get(module, {}).get(name, dict)  # of a drawn one the arguments are not known here
                phrases[f"{module}.{name}"] = (*_calls(f"{module}.{name}", member, bound=False), f"{module}.{name}")
    return dict(sorted(phrases.items()))


def _bracket(holder: str) -> str:
    return f"({holder})" if holder.startswith("$") else holder


TABLE_PHRASES = _by_tables()
