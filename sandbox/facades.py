"""What the members of the facades are, where they are the same in every execution.

A C function that neither reads attributes, nor keeps anything, nor opens files stands here as it is. Where the
library is written in Python or keeps a cache, it sees text and numbers only: an object of a rule's class would
carry one login's data to the next there, or be asked for its equality by what another login has left.
"""

from __future__ import annotations

import base64
import binascii
import collections
import datetime
import decimal
import functools
import hashlib
import hmac
import html
import ipaddress
import itertools
import json
import math
import operator
import re
import statistics
import string
import types
import unicodedata
import urllib.parse
import uuid
import zoneinfo
from collections.abc import Callable
from typing import Any

from sandbox import copies, hints, tokens, zones
from sandbox.members import MEMBERS
from sandbox.responses import EXCEPTIONS as HTTP_EXCEPTIONS

Function = Callable[..., Any]

# Exact types, whose hash and equality are CPython's own.
ATOMS: tuple[type, ...] = (str, bytes, int, float, bool, types.NoneType)
NUMBERS: tuple[type, ...] = (int, float, bool, decimal.Decimal)
ADDRESSES: tuple[type, ...] = (ipaddress.IPv4Address, ipaddress.IPv6Address)
NETWORKS: tuple[type, ...] = (ipaddress.IPv4Network, ipaddress.IPv6Network)


def taking(function: Function, kinds: tuple[type, ...] = ATOMS, repl: int | None = None) -> Function:
    """`function` for arguments of exactly these types. Raises `TypeError` for others.

    The argument at the place `repl` may be a function too: `re.sub` calls it and does not keep it.
    """

    def checked(*args: Any, **keywords: Any) -> Any:
        for place, value in (*enumerate(args), *keywords.items()):
            if type(value) not in kinds and not (repl is not None and place in (repl, "repl") and callable(value)):
                _refuse(function, value)
        return function(*args, **keywords)

    return checked


def taking_items(function: Function, kinds: tuple[type, ...] = ATOMS) -> Function:
    """`function` for arguments of exactly these types, and for iterables of them, which it gets as lists."""

    def exact(value: Any) -> Any:
        if type(value) in kinds:
            return value
        items = list(value)
        for item in items:
            if type(item) not in kinds:
                _refuse(function, item)
        return items

    def checked(*args: Any, **keywords: Any) -> Any:
        return function(*map(exact, args), **{name: exact(value) for name, value in keywords.items()})

    return checked


def _refuse(function: Function, value: Any) -> None:
    raise TypeError(f"`{function.__name__}` does not take a `{type(value).__name__}` in rules")


def _each(module: Any, names: str, wrap: Callable[[Function], Function] = taking) -> dict[str, Any]:
    return {name: wrap(getattr(module, name)) for name in names.split()}


def _as_they_are(name: str, module: Any) -> dict[str, Any]:
    return {member: getattr(module, member) for member in MEMBERS[name]}


# json


def _loads(s: str | bytes) -> Any:
    """`json.loads` without hooks."""
    return json.loads(s)


def _dumps(
    obj: Any,
    *,
    skipkeys: bool = False,
    ensure_ascii: bool = True,
    allow_nan: bool = True,
    indent: int | str | None = None,
    separators: tuple[str, str] | None = None,
    default: Function | None = None,
    sort_keys: bool = False,
) -> str:
    """`json.dumps` without `cls`."""
    return json.dumps(
        obj,
        skipkeys=skipkeys,
        ensure_ascii=ensure_ascii,
        allow_nan=allow_nan,
        indent=indent,
        separators=separators,
        default=default,
        sort_keys=sort_keys,
    )


# hashlib, hmac

DIGESTS: dict[str, Function] = {name: getattr(hashlib, name) for name in MEMBERS["hashlib"] - {"new"}}


def _digest(wanted: Any) -> str:
    """The name of a digest. `hmac` would call what it is given, so only names go there."""
    for name, function in DIGESTS.items():
        if wanted is function or (type(wanted) is str and wanted.lower() == name):
            return name
    raise ValueError(f"unknown digest: one of {', '.join(sorted(DIGESTS))}")


def _new_hash(name: str, data: bytes = b"", *, usedforsecurity: bool = True) -> Any:
    """`hashlib.new`."""
    return DIGESTS[_digest(name)](data, usedforsecurity=usedforsecurity)


# functools


def _wraps(wrapped: Function, assigned: Any = None, updated: Any = None) -> Function:
    """`functools.wraps`, which would write on functions that all logins share."""
    return lambda function: function


# urllib.parse


def _urlencode(
    query: Any,
    doseq: bool = False,
    safe: str | bytes = "",
    encoding: str | None = None,
    errors: str | None = None,
    quote_via: Function = urllib.parse.quote_plus,
) -> str:
    """`urllib.parse.urlencode`."""
    for value in (safe, encoding, errors):
        if type(value) not in ATOMS:
            _refuse(urllib.parse.urlencode, value)
    return urllib.parse.urlencode(query, doseq, safe, encoding, errors, quote_via)


# ipaddress


def _ip_network(address: Any, strict: bool = True) -> Any:
    """`ipaddress.ip_network`, whose cache of netmasks takes what it is given as a key."""
    parts = address if type(address) is tuple else (address,)
    for part in parts:
        if type(part) not in (*ATOMS, *ADDRESSES, *NETWORKS):
            _refuse(ipaddress.ip_network, part)
    return ipaddress.ip_network(address, bool(strict))


PATTERN_OR_TEXT = (*ATOMS, re.Pattern)

# module: what its members are. Members that stand in no row here are in `sandbox.drawn`.
FIXED: dict[str, dict[str, Any]] = {
    "base64": _each(base64, " ".join(MEMBERS["base64"])),
    "binascii": {**_each(binascii, "hexlify unhexlify crc32"), "Error": binascii.Error},
    "collections": {name: getattr(collections, name) for name in MEMBERS["collections"] - {"abc"}},
    "collections.abc": {name: hints.Word(name) for name in MEMBERS["collections.abc"]},
    "copy": {"copy": copies.shallow, "deepcopy": copies.deep},
    "datetime": _as_they_are("datetime", datetime),
    "decimal": _as_they_are("decimal", decimal),
    "functools": {
        "reduce": functools.reduce,
        "partial": functools.partial,
        "cmp_to_key": functools.cmp_to_key,
        "cache": functools.cache,
        "lru_cache": functools.lru_cache,
        "wraps": _wraps,
    },
    "hashlib": {**DIGESTS, "new": _new_hash},
    "hmac": {
        "new": lambda key, msg=None, digestmod="sha256": hmac.new(key, msg, _digest(digestmod)),
        "digest": lambda key, msg, digest: hmac.digest(key, msg, _digest(digest)),
        "compare_digest": hmac.compare_digest,
    },
    "html": _each(html, "escape unescape"),
    "ipaddress": {
        "IPv4Address": ipaddress.IPv4Address,
        "IPv6Address": ipaddress.IPv6Address,
        "ip_address": taking(ipaddress.ip_address, (*ATOMS, *ADDRESSES)),
        "ip_network": _ip_network,
        "collapse_addresses": taking_items(ipaddress.collapse_addresses, (*ADDRESSES, *NETWORKS)),
        "summarize_address_range": taking(ipaddress.summarize_address_range, ADDRESSES),
        "AddressValueError": ipaddress.AddressValueError,
        "NetmaskValueError": ipaddress.NetmaskValueError,
    },
    "itertools": _as_they_are("itertools", itertools),
    "json": {"loads": _loads, "dumps": _dumps, "JSONDecodeError": json.JSONDecodeError},
    "jwt": {
        "encode": tokens.encode,
        "get_unverified_header": tokens.get_unverified_header,
        **{kind.__name__: kind for kind in tokens.EXCEPTIONS},
    },
    "math": _as_they_are("math", math),
    "operator": {
        **{name: getattr(operator, name) for name in MEMBERS["operator"] - {"itemgetter"}},
        "itemgetter": copies.itemgetter,
    },
    "re": {
        **_each(re, "compile match fullmatch search findall finditer split", lambda f: taking(f, PATTERN_OR_TEXT)),
        **_each(re, "sub subn", lambda f: taking(f, PATTERN_OR_TEXT, repl=1)),
        "escape": taking(re.escape),
        **{
            flag: int(getattr(re, flag))
            for flag in "NOFLAG A ASCII I IGNORECASE M MULTILINE S DOTALL U UNICODE X VERBOSE".split()
        },
        "Pattern": re.Pattern,
        "Match": re.Match,
        "error": re.error,
    },
    "statistics": {
        **_each(
            statistics,
            """mean fmean geometric_mean harmonic_mean median median_low median_high mode multimode pstdev pvariance
            quantiles stdev variance""",
            lambda f: taking_items(f, (str, types.NoneType, *NUMBERS)),
        ),
        "StatisticsError": statistics.StatisticsError,
    },
    "string": {
        **{name: getattr(string, name) for name in MEMBERS["string"] - {"capwords"}},
        "capwords": taking(string.capwords),
    },
    "typing": {
        **{name: hints.Word(name) for name in MEMBERS["typing"] - {"TYPE_CHECKING", "cast"}},
        "TYPE_CHECKING": False,
        "cast": hints.cast,
    },
    "unicodedata": _as_they_are("unicodedata", unicodedata),
    "urllib.parse": {
        **_each(
            urllib.parse,
            """quote quote_plus quote_from_bytes unquote unquote_plus unquote_to_bytes urlparse urlsplit urljoin
            urldefrag parse_qs parse_qsl""",
        ),
        **_each(urllib.parse, "urlunparse urlunsplit", taking_items),
        "urlencode": _urlencode,
    },
    "uuid": {
        **{name: getattr(uuid, name) for name in MEMBERS["uuid"] - {"uuid3", "uuid4", "uuid5"}},
        **_each(uuid, "uuid3 uuid5", lambda f: taking(f, (str, bytes, uuid.UUID))),
    },
    "zoneinfo": {
        "ZoneInfo": zones.zone,
        "available_timezones": zones.available,
        "ZoneInfoNotFoundError": zoneinfo.ZoneInfoNotFoundError,
    },
}

# Attributes of values that are not handed out as they are: methods whose library keeps what they are given, or asks
# it for its attributes; and a view that gives away the dict behind it to whoever is compared with it.
WRAPPED: dict[tuple[type, str], Callable[[Any], Any]] = {
    (re.Pattern, "groupindex"): dict,
    (re.Pattern, "sub"): lambda f: taking(f, repl=0),
    (re.Pattern, "subn"): lambda f: taking(f, repl=0),
    (re.Match, "expand"): taking,
    **{
        (kind, name): lambda f: taking(f, (int, types.NoneType))
        for kind in NETWORKS
        for name in ("subnets", "supernet")
    },
    **{
        (kind, name): lambda f: taking(f, NETWORKS)
        for kind in NETWORKS
        for name in ("address_exclude", "overlaps", "subnet_of", "supernet_of")
    },
}

# Exceptions that members raise, and exceptions that are members.
EXCEPTION_TYPES: tuple[type[Exception], ...] = (
    binascii.Error,
    decimal.Clamped,
    decimal.ConversionSyntax,
    decimal.DecimalException,
    decimal.DivisionByZero,
    decimal.DivisionImpossible,
    decimal.DivisionUndefined,
    decimal.FloatOperation,
    decimal.Inexact,
    decimal.InvalidContext,
    decimal.InvalidOperation,
    decimal.Overflow,
    decimal.Rounded,
    decimal.Subnormal,
    decimal.Underflow,
    ipaddress.AddressValueError,
    ipaddress.NetmaskValueError,
    json.JSONDecodeError,
    re.error,
    statistics.StatisticsError,
    zoneinfo.ZoneInfoNotFoundError,
    *tokens.EXCEPTIONS,
    *HTTP_EXCEPTIONS,
)
