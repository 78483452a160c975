"""Everything a rule can name without importing it, and every attribute it can read, with the reasons.

Attributes are allowed by the exact type of the object: a type that stands in no table has none. A deny-list of
names would be the wrong shape, since every new Python adds names.
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
import re
import types
import urllib.parse
import uuid
from typing import Any


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
    "UnicodeDecodeError": (UnicodeDecodeError, "an exception"),
    "UnicodeEncodeError": (UnicodeEncodeError, "an exception"),
    "ValueError": (ValueError, "an exception"),
    "ZeroDivisionError": (ZeroDivisionError, "an exception"),
    "ImportError": (ImportError, "an exception"),
    "UnauthorizedError": (UnauthorizedError, "denies the login with its text"),
}

# Made anew for every step, since they know where they write to.
PER_STEP: dict[str, str] = {
    "auth0": "`auth0.users` asks the issuer to change the user's metadata",
    "delattr": "guarded like `del object.name`",
    "getattr": "guarded like `object.name`",
    "hasattr": "guarded like `object.name`",
    "print": "writes to the trace",
    "setattr": "guarded like `object.name = value`",
    "type": "the class of a value, never a new class",
}

NAMES = frozenset(BUILTINS) | frozenset(PER_STEP)


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SET_READS = _names("copy difference intersection isdisjoint issubset issuperset symmetric_difference union")
_PARSED = _names("scheme netloc path query fragment hostname port username password geturl count index")
_DATE = _names("year month day weekday isoweekday isoformat isocalendar toordinal timetuple replace ctime strftime")
_TIME = _names("hour minute second microsecond tzinfo fold utcoffset tzname dst")
_DIGEST = _names("update digest hexdigest copy name digest_size block_size")

# Attributes of values, by exact type. Methods of `dict` and `list` that change them are in `sandbox.guards`.
ATTRIBUTES: dict[type, frozenset[str]] = {
    str: _names(
        """capitalize casefold center count encode endswith expandtabs find index isalnum isalpha isascii
        isdecimal isdigit isidentifier islower isnumeric isprintable isspace istitle isupper join ljust lower
        lstrip partition removeprefix removesuffix replace rfind rindex rjust rpartition rsplit rstrip split
        splitlines startswith strip swapcase title translate upper zfill"""
    ),
    bytes: _names(
        """count decode endswith find hex index join lower lstrip partition removeprefix removesuffix replace
        rfind rsplit rstrip split startswith strip upper"""
    ),
    int: _names("bit_count bit_length to_bytes as_integer_ratio real imag numerator denominator conjugate"),
    bool: _names("bit_count bit_length to_bytes real imag numerator denominator"),
    float: _names("as_integer_ratio is_integer hex real imag"),
    dict: _names("get keys values items copy"),
    list: _names("copy count index"),
    tuple: _names("count index"),
    set: _SET_READS | _names("add clear discard pop remove update difference_update intersection_update"),
    frozenset: _SET_READS,
    range: _names("start stop step count index"),
    slice: _names("start stop step indices"),
    types.GeneratorType: _names("send close"),
    datetime.datetime: _DATE | _TIME | _names("date time timetz timestamp astimezone utctimetuple"),
    datetime.date: _DATE,
    datetime.time: _TIME | _names("isoformat replace strftime"),
    datetime.timedelta: _names("days seconds microseconds total_seconds"),
    datetime.timezone: _names("utcoffset tzname dst"),
    re.Pattern: _names("match fullmatch search findall finditer split sub subn pattern flags groups groupindex"),
    re.Match: _names("group groups groupdict start end span string re pos endpos lastgroup lastindex expand"),
    type(hashlib.sha256()): _DIGEST,
    type(hashlib.blake2b()): _DIGEST,
    type(hashlib.blake2s()): _DIGEST,
    hmac.HMAC: _DIGEST,
    uuid.UUID: _names("hex int bytes urn version variant fields time node"),
    urllib.parse.ParseResult: _PARSED | _names("params"),
    urllib.parse.SplitResult: _PARSED,
}

# Attributes of classes, where a rule writes `str.lower` or `dict.fromkeys`. Methods that change a list or dict
# are absent, so that no write goes past the trace.
CLASS_ATTRIBUTES: dict[type, frozenset[str]] = {
    str: ATTRIBUTES[str] | _names("maketrans"),
    bytes: ATTRIBUTES[bytes] | _names("fromhex"),
    int: _names("from_bytes bit_length"),
    float: _names("fromhex is_integer"),
    dict: _names("fromkeys get keys values items"),
    list: _names("count index"),
    set: _SET_READS,
    frozenset: _SET_READS,
    datetime.datetime: _names("combine fromisoformat min max"),
    datetime.date: _names("fromisoformat fromordinal fromisocalendar min max"),
    datetime.time: _names("fromisoformat min max"),
    datetime.timedelta: _names("min max resolution"),
    datetime.timezone: _names("utc"),
}

# The classes that `type(x)` may answer with: data, and what a rule has defined itself.
# Not types that build on code or on a callable of the rule's choice.
DATA_TYPES = (frozenset(ATTRIBUTES) | {type(None)}) - {types.GeneratorType, hmac.HMAC}
EXCEPTIONS = frozenset(
    value for value, _ in BUILTINS.values() if isinstance(value, type) and issubclass(value, Exception)
)
