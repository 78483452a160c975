"""Everything a rule can name without importing it, and every attribute it can read, with the reasons.

Attributes are allowed by the exact type of the object: a type that stands in no table has none. A deny-list of
names would be the wrong shape, since every new Python adds names.
"""

from __future__ import annotations

import collections
import datetime
import decimal
import functools
import hmac
import ipaddress
import itertools
import json
import re
import time
import types
import urllib.parse
import uuid
import zoneinfo
from collections.abc import Iterable
from typing import Any

from sandbox.facades import DIGESTS, NETWORKS
from sandbox.hints import Word
from sandbox.members import MEMBERS
from sandbox.responses import Headers, Response


class UnauthorizedError(Exception):
    """Raised by a rule, or given to `callback`, it denies the login with its text."""


# name: (value, reason). Values are CPython's own: none of them reads an attribute or imports on a rule's behalf.
BUILTINS: dict[str, tuple[Any, str]] = {
    "None": (None, "a constant"),
    "True": (True, "a constant"),
    "False": (False, "a constant"),
    "NotImplemented": (NotImplemented, "what a comparison method answers"),
    "Ellipsis": (Ellipsis, "a constant"),
    "abs": (abs, "arithmetic"),
    "all": (all, "iterates; endless input meets the time limit"),
    "any": (any, "iterates; endless input meets the time limit"),
    "ascii": (ascii, "text of a value"),
    "bin": (bin, "text of a number"),
    "bool": (bool, "a data type"),
    "bytes": (bytes, "a data type; size meets the memory limit"),
    "callable": (callable, "looks at the type only"),
    "chr": (chr, "a character"),
    "dict": (dict, "a data type"),
    "divmod": (divmod, "arithmetic"),
    "enumerate": (enumerate, "iterates"),
    "filter": (filter, "iterates, calls the rule's function"),
    "float": (float, "a data type"),
    "format": (format, "text of a value by a specification; walks no attributes"),
    "frozenset": (frozenset, "a data type"),
    "hex": (hex, "text of a number"),
    "int": (int, "a data type; the limit on digits stays on"),
    "isinstance": (isinstance, "looks at types; rule classes have no hooks for it"),
    "issubclass": (issubclass, "looks at types; rule classes have no hooks for it"),
    "iter": (iter, "iterates"),
    "len": (len, "counts"),
    "list": (list, "a data type"),
    "map": (map, "iterates, calls the rule's function"),
    "max": (max, "iterates"),
    "min": (min, "iterates"),
    "next": (next, "iterates"),
    "object": (object, "a base class and a sentinel"),
    "oct": (oct, "text of a number"),
    "ord": (ord, "a number"),
    "pow": (pow, "arithmetic; long powers meet the time limit"),
    "property": (property, "runs the rule's own function"),
    "range": (range, "iterates"),
    "repr": (repr, "text of a value"),
    "reversed": (reversed, "iterates"),
    "round": (round, "arithmetic"),
    "set": (set, "a data type"),
    "slice": (slice, "a data type"),
    "sorted": (sorted, "makes a new list; compares by the rule's own methods"),
    "classmethod": (classmethod, "runs the rule's own function"),
    "staticmethod": (staticmethod, "runs the rule's own function"),
    "str": (str, "a data type"),
    "sum": (sum, "iterates; a long sum in C meets the kill from outside"),
    "tuple": (tuple, "a data type"),
    "zip": (zip, "iterates"),
    "ArithmeticError": (ArithmeticError, "an exception"),
    "AssertionError": (AssertionError, "an exception"),
    "AttributeError": (AttributeError, "an exception; its `obj` and `name` are not readable"),
    "Exception": (Exception, "an exception; the time limit is none"),
    "IndexError": (IndexError, "an exception"),
    "KeyError": (KeyError, "an exception"),
    "LookupError": (LookupError, "an exception"),
    "MemoryError": (MemoryError, "an exception; the worker is replaced after the execution"),
    "NameError": (NameError, "an exception"),
    "NotImplementedError": (NotImplementedError, "an exception"),
    "OverflowError": (OverflowError, "an exception"),
    "RecursionError": (RecursionError, "an exception"),
    "RuntimeError": (RuntimeError, "an exception"),
    "StopIteration": (StopIteration, "an exception"),
    "TimeoutError": (TimeoutError, "an exception; not the time limit's"),
    "TypeError": (TypeError, "an exception"),
    "UnicodeError": (UnicodeError, "an exception"),
    # The text of CPython's own two reads memory at any `start` that they are made with.
    "UnicodeDecodeError": (UnicodeError, "an exception: the class above it, which holds no positions"),
    "UnicodeEncodeError": (UnicodeError, "an exception: the class above it, which holds no positions"),
    "ValueError": (ValueError, "an exception"),
    "ZeroDivisionError": (ZeroDivisionError, "an exception"),
    "ImportError": (ImportError, "an exception"),
    "UnauthorizedError": (UnauthorizedError, "denies the login with its text"),
}

# Made anew for every step, since they know where they write to.
PER_STEP: dict[str, str] = {
    "auth0": "`auth0.users` asks the issuer to change the user's metadata",
    "cache": "values that this tenant's rules keep for a time; the service keeps them",
    "configuration": "the operator's values: text, by name",
    "delattr": "guarded like `del object.name`",
    "getattr": "guarded like `object.name`",
    "hasattr": "guarded like `object.name`",
    "http": "asks other services; the service makes the calls, and decides which",
    "print": "writes to the trace",
    "setattr": "guarded like `object.name = value`",
    "type": "the class of a value, never a new class",
}

NAMES = frozenset(BUILTINS) | frozenset(PER_STEP)


Row = tuple[tuple[type, ...], str, str]

_DATE = "year month day weekday isoweekday isoformat isocalendar toordinal timetuple replace ctime strftime"
_TIME = "hour minute second microsecond tzinfo fold utcoffset tzname dst"
_PARSED = "scheme netloc path query fragment hostname port username password geturl count index"
_SET_READS = "copy difference intersection isdisjoint issubset issuperset symmetric_difference union"
_ADDRESS = """compressed exploded is_global is_link_local is_loopback is_multicast is_private is_reserved
is_unspecified max_prefixlen packed reverse_pointer version"""
_NETWORK = """address_exclude broadcast_address compressed exploded hostmask hosts is_global is_link_local is_loopback
is_multicast is_private is_reserved is_unspecified max_prefixlen netmask network_address num_addresses overlaps
prefixlen reverse_pointer subnet_of subnets supernet supernet_of version with_hostmask with_netmask with_prefixlen"""
_TEXT_READS = """capitalize casefold center count encode endswith expandtabs find index isalnum isalpha isascii
isdecimal isdigit isidentifier islower isnumeric isprintable isspace istitle isupper join ljust lower lstrip
partition removeprefix removesuffix replace rfind rindex rjust rpartition rsplit rstrip split splitlines startswith
strip swapcase title translate upper zfill"""
_BYTES_READS = """count decode endswith find hex index isalnum isalpha isascii isdigit islower isspace isupper join
ljust lower lstrip partition removeprefix removesuffix replace rfind rindex rjust rpartition rsplit rstrip split
splitlines startswith strip title translate upper zfill"""

_DIGEST_TYPES = tuple(dict.fromkeys(type(make()) for make in DIGESTS.values()))
_WEEK = type(datetime.date(2027, 1, 15).isocalendar())

# Attributes of values, by exact type: (types, names, reason). Methods of `dict` and `list` that change them are in
# `sandbox.guards`, since they are recorded.
VALUES: tuple[Row, ...] = (
    ((str,), _TEXT_READS, "make new text, in C; `format` and `format_map` walk attributes: the guards have their own"),
    ((bytes,), _BYTES_READS, "make new bytes, in C"),
    ((int,), "bit_count bit_length to_bytes as_integer_ratio real imag numerator denominator conjugate", "arithmetic"),
    ((bool,), "bit_count bit_length to_bytes real imag numerator denominator", "arithmetic"),
    ((float,), "as_integer_ratio is_integer hex real imag", "arithmetic"),
    ((dict,), "get keys values items copy", "read; what changes a dict is recorded"),
    ((list,), "copy count index", "read; what changes a list is recorded"),
    ((tuple,), "count index", "read"),
    (
        (set,),
        f"""{_SET_READS} add clear discard pop remove update difference_update intersection_update
        symmetric_difference_update""",
        "change an object that only the rule has: no set is in the data",
    ),
    ((frozenset,), _SET_READS, "read"),
    ((range,), "start stop step count index", "read"),
    ((slice,), "start stop step indices", "read"),
    ((types.GeneratorType,), "send close", "run the rule's own code; its frame and `throw` are not there"),
    (
        (collections.Counter,),
        "get keys values items copy update pop popitem setdefault clear most_common elements total subtract",
        "change an object that only the rule has: a dict is made of it where it is left behind",
    ),
    (
        (collections.OrderedDict,),
        "get keys values items copy update pop popitem setdefault clear move_to_end",
        "change an object that only the rule has: a dict is made of it where it is left behind",
    ),
    (
        (collections.defaultdict,),
        "get keys values items copy update pop popitem setdefault clear",
        "change an object that only the rule has: a dict is made of it where it is left behind",
    ),
    (
        (collections.deque,),
        """append appendleft clear copy count extend extendleft index insert maxlen pop popleft remove reverse
        rotate""",
        "change an object that only the rule has: a list is made of it where it is left behind",
    ),
    ((datetime.datetime,), f"{_DATE} {_TIME} date time timetz timestamp astimezone utctimetuple", "values, in C"),
    ((datetime.date,), _DATE, "values, in C"),
    ((datetime.time,), f"{_TIME} isoformat replace strftime", "values, in C"),
    ((datetime.timedelta,), "days seconds microseconds total_seconds", "values, in C"),
    ((datetime.timezone,), "utcoffset tzname dst", "values, in C"),
    ((zoneinfo.ZoneInfo,), "key utcoffset tzname dst", "values, in C; all logins share it and none can change it"),
    ((_WEEK,), "year week weekday count index", "numbers"),
    (
        (time.struct_time,),
        "tm_year tm_mon tm_mday tm_hour tm_min tm_sec tm_wday tm_yday tm_isdst tm_zone tm_gmtoff count index",
        "numbers and text",
    ),
    (
        (decimal.Decimal,),
        """adjusted as_integer_ratio compare compare_signal compare_total conjugate copy_abs copy_negate copy_sign
        exp fma is_finite is_infinite is_nan is_normal is_qnan is_signed is_snan is_subnormal is_zero ln log10 logb
        max min next_minus next_plus normalize number_class quantize real imag remainder_near same_quantum scaleb
        sqrt to_eng_string to_integral to_integral_exact to_integral_value""",
        "arithmetic of bounded precision, in C; no context is in reach",
    ),
    (
        (re.Pattern,),
        "match fullmatch search findall finditer split sub subn pattern flags groups groupindex",
        "searches, and what it was made of; `sub` and `subn` take text or a function",
    ),
    (
        (re.Match,),
        "group groups groupdict start end span string re pos endpos lastgroup lastindex expand",
        "what was found",
    ),
    ((*_DIGEST_TYPES, hmac.HMAC), "update digest hexdigest copy name digest_size block_size", "a digest"),
    (
        (uuid.UUID,),
        """hex int bytes bytes_le urn version variant fields time time_low time_mid time_hi_version clock_seq
        clock_seq_hi_variant clock_seq_low node""",
        "what it was made of",
    ),
    ((ipaddress.IPv4Address,), _ADDRESS, "what it was made of"),
    (
        (ipaddress.IPv6Address,),
        f"{_ADDRESS} is_site_local ipv4_mapped scope_id sixtofour teredo",
        "what it was made of",
    ),
    (NETWORKS, _NETWORK, "what it was made of; methods take numbers and networks only"),
    ((urllib.parse.ParseResult, urllib.parse.ParseResultBytes), f"{_PARSED} params", "parts of an address"),
    ((urllib.parse.SplitResult, urllib.parse.SplitResultBytes), _PARSED, "parts of an address"),
    (
        (urllib.parse.DefragResult, urllib.parse.DefragResultBytes),
        "url fragment geturl count index",
        "parts of an address",
    ),
    (
        (Response,),
        "status_code ok url headers content text json raise_for_status",
        "what came back, as text, bytes and numbers; nothing of it can be changed",
    ),
    ((Headers,), "get keys values items", "text by name, made anew as lists"),
    ((property,), "setter getter deleter", "make a new property of the rule's own functions"),
    ((json.JSONDecodeError,), "msg doc pos lineno colno", "what is wrong, and where"),
    ((re.error,), "msg pattern pos lineno colno", "what is wrong, and where"),
)

# Attributes of classes, where a rule writes `str.lower` or `dict.fromkeys`. Methods that change a list or dict
# are absent, so that no write goes past the trace.
CLASSES: tuple[Row, ...] = (
    ((str,), f"{_TEXT_READS} maketrans", "make new text, in C; `str.format` is absent, since it walks attributes"),
    ((bytes,), f"{_BYTES_READS} fromhex maketrans", "make new bytes, in C"),
    ((int,), "from_bytes bit_length bit_count", "make a number"),
    ((float,), "fromhex is_integer", "make a number"),
    ((dict,), "fromkeys get keys values items", "make a dict, or read one"),
    ((list,), "count index", "read"),
    ((set, frozenset), _SET_READS, "make a set, or read one"),
    (
        (datetime.datetime,),
        "combine fromisoformat fromordinal fromisocalendar min max resolution",
        "make a value; those that ask for the time have the execution's",
    ),
    ((datetime.date,), "fromisoformat fromordinal fromisocalendar min max resolution", "make a value"),
    ((datetime.time,), "fromisoformat min max resolution", "make a value"),
    ((datetime.timedelta,), "min max resolution", "constants"),
    ((datetime.timezone,), "utc", "a constant"),
    ((decimal.Decimal,), "from_float", "make a value"),
    ((itertools.chain,), "from_iterable", "iterate"),
)

_ITERATORS: tuple[object, ...] = (
    iter([]),
    reversed([]),
    iter(()),
    iter(""),
    iter("\N{BULLET}"),
    iter(b""),
    iter({}),
    iter({}.values()),
    iter({}.items()),
    reversed({}),
    reversed({}.values()),
    reversed({}.items()),
    iter(collections.OrderedDict()),
    iter(set()),
    iter(range(0)),
    iter(range(1 << 70)),
    iter(int, 0),
    iter(collections.deque()),
    reversed(collections.deque()),
    reversed(""),
    re.finditer("", ""),
    itertools.tee(())[0],
    next(itertools.groupby("a"))[1],
    enumerate(()),
    filter(None, ()),
    map(len, ()),
    zip((), strict=True),
)
_VIEWS: tuple[object, ...] = (
    {}.keys(),
    {}.values(),
    {}.items(),
    collections.OrderedDict[str, str]().keys(),
    collections.OrderedDict[str, str]().values(),
    collections.OrderedDict[str, str]().items(),
)
_CALLERS: tuple[object, ...] = (
    functools.partial(len),
    functools.lru_cache(len),
    functools.cmp_to_key(max),
    functools.cmp_to_key(max)(0),
)


def _of(values: Iterable[object]) -> tuple[type, ...]:
    return tuple(dict.fromkeys(map(type, values)))


# Types whose objects a rule can hold and use, but read nothing of: (types, reason).
OPAQUE: tuple[tuple[tuple[type, ...], str], ...] = (
    (_of((None, ..., NotImplemented, object())), "constants, and sentinels"),
    ((Word,), "words for annotations"),
    (
        (
            *(types.FunctionType, types.MethodType, types.BuiltinFunctionType, types.MethodDescriptorType),
            type(re.compile("").match),  # another kind of method in C
        ),
        "are called; their insides lead anywhere",
    ),
    (_of(_ITERATORS), "iterators"),
    (
        tuple(
            kind for name, kind in vars(itertools).items() if isinstance(kind, type) and name in MEMBERS["itertools"]
        ),
        "iterators, and the classes that make them",
    ),
    (_of(_VIEWS), "views of dicts"),
    (_of(_CALLERS), "call the rule's function"),
    ((classmethod, staticmethod), "hold the rule's own function"),
)

# Only their types are wanted: CPython 3.12.1 crashes when a `tee` lives until the interpreter ends.
del _ITERATORS, _VIEWS, _CALLERS


def _table(rows: Iterable[Row]) -> dict[type, frozenset[str]]:
    return {kind: frozenset(names.split()) for kinds, names, _ in rows for kind in kinds}


ATTRIBUTES = _table(VALUES)
CLASS_ATTRIBUTES = _table(CLASSES)

# The classes that `type(x)` may answer with: data, and what a rule has defined itself. Not types that build on code
# or on a callable of the rule's choice, nor those whose library keeps what it is given.
DATA_TYPES: frozenset[type] = frozenset(
    {
        *(str, bytes, int, bool, float, dict, list, tuple, set, frozenset, range, slice, type(None)),
        *(collections.Counter, collections.OrderedDict, collections.defaultdict, collections.deque),
        *(datetime.datetime, datetime.date, datetime.time, datetime.timedelta, datetime.timezone),
        *(decimal.Decimal, uuid.UUID, ipaddress.IPv4Address, ipaddress.IPv6Address, re.Pattern, re.Match),
    }
)
EXCEPTIONS = frozenset(
    value for value, _ in BUILTINS.values() if isinstance(value, type) and issubclass(value, Exception)
)


def exception_class(kind: type) -> type:
    """`kind`, or the nearest class above it that a rule can name: it could make objects of what it is given."""
    return next(base for base in kind.__mro__ if base in EXCEPTIONS)
