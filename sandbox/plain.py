"""Plain data: what JSON can say, by exact type.

What a rule leaves behind is checked by type alone. No method of an object that a rule has made is called, so
it cannot answer one thing to the check and another to the reader.
"""

from __future__ import annotations

import collections
import math
from collections.abc import Callable
from typing import Any

SCALARS = (bool, type(None))
LEAST, MOST = -(2**63), 2**64 - 1

# What becomes a dict or a list, and how a dict's items are read: by the C function of exactly its type.
DICTS: dict[type, Callable[[Any], Any]] = {
    dict: dict.items,
    collections.Counter: dict.items,
    collections.OrderedDict: collections.OrderedDict.items,
    collections.defaultdict: dict.items,
}
LISTS: tuple[type, ...] = (list, tuple, collections.deque)
COLLECTIONS: tuple[type, ...] = (
    collections.Counter,
    collections.OrderedDict,
    collections.defaultdict,
    collections.deque,
)

ADVICE = {
    "set": "write `sorted(...)`",
    "frozenset": "write `sorted(...)`",
    "datetime": "write `.isoformat()`, or `int(....timestamp())`",
    "date": "write `.isoformat()`",
    "time": "write `.isoformat()`",
    "timedelta": "write `.total_seconds()`",
    "bytes": "write `.decode()`, or `base64.b64encode(...).decode()`",
    "Decimal": "write `float(...)`, or `str(...)` to keep every digit",
    "IsoCalendarDate": "write `list(...)`",
    "struct_time": "write `list(...)`, or `time.strftime(...)`",
    "UUID": "write `str(...)`",
    "ZoneInfo": "write `.key`",
    "IPv4Address": "write `str(...)`",
    "IPv6Address": "write `str(...)`",
    "IPv4Network": "write `str(...)`",
    "IPv6Network": "write `str(...)`",
    "ParseResult": "write `.geturl()`",
    "SplitResult": "write `.geturl()`",
    "DefragResult": "write `.url`",
    "generator": "write `list(...)`",
    "map": "write `list(...)`",
    "filter": "write `list(...)`",
    "zip": "write `list(...)`",
    "odict_keys": "write `list(...)`",
    "odict_values": "write `list(...)`",
    "odict_items": "write `list(...)`",
    "dict_keys": "write `list(...)`",
    "dict_values": "write `list(...)`",
    "dict_items": "write `list(...)`",
    "Match": "write `.group()`",
}


def nested_within(value: Any, most: int) -> bool:
    """Whether JSON data has at most `most` levels, found without recursion."""
    level = [value]
    for _ in range(most + 1):
        level = [
            child
            for node in level
            for child in (node.values() if type(node) is dict else node)
            if type(child) is dict or type(child) is list
        ]
        if not level:
            return True
    return False


def is_plain(value: Any) -> bool:
    """Whether a value that is no dict or list certainly is plain: `plain` would answer the same object."""
    kind = type(value)
    if kind is str:
        return value.isascii()  # type: ignore[no-any-return]
    if kind is int:
        return LEAST <= value <= MOST  # type: ignore[no-any-return]
    if kind is float:
        return math.isfinite(value)
    return kind in SCALARS


class NotPlain(Exception):
    """A value that JSON cannot say; the text says which, and what to write instead."""


def plain(value: Any, depth: int) -> Any:
    """A copy of `value` made of dicts, lists, strings, numbers, booleans and None only.

    Tuples and deques become lists; `Counter`, `OrderedDict` and `defaultdict` become dicts.
    `depth` is how many levels it may be nested. Raises `NotPlain`.
    """
    kind = type(value)
    if kind is str:
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                raise NotPlain("a string holds half a surrogate pair") from None
        return value
    if kind in SCALARS:
        return value
    if kind is int:
        if not LEAST <= value <= MOST:
            raise NotPlain("an integer does not fit into 64 bits: write `str(...)`")
        return value
    if kind is float:
        if not math.isfinite(value):
            raise NotPlain(f"{value} is no number in JSON")
        return value
    items = DICTS.get(kind)
    if items is None and kind not in LISTS:
        advice = ADVICE.get(kind.__name__, "use text, numbers, lists and dicts")
        raise NotPlain(f"a `{kind.__name__}` is not JSON: {advice}")
    if depth <= 0:
        raise NotPlain("it is nested too deeply, or holds itself")
    if items is not None:
        copy = {}
        for key, child in items(value):
            if type(key) is not str:
                raise NotPlain(f"a key is a `{type(key).__name__}`: keys are strings in JSON")
            copy[plain(key, 0)] = plain(child, depth - 1)
        return copy
    return [plain(child, depth - 1) for child in value]
