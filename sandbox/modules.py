"""The modules a rule can import: facades of explicit names, never the real thing.

A real module leads anywhere (`json.codecs.sys.modules`). A facade leads to its members only, which are
functions, constants and data types. What depends on the world (time, randomness) is drawn from the execution's
clock and seed, so that a replay sees the same.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import hashlib
import hmac
import json
import math
import random
import re
import string
import types
import urllib.parse
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.seeded import Seeded


class Module:
    """A facade. The guards read its members; `from m import name` reads them as attributes."""

    __slots__ = ("__members", "__name__")

    def __init__(self, name: str, members: Mapping[str, Any]) -> None:
        self.__name__ = name
        self.__members = dict(members)

    def member(self, name: str) -> Any:
        try:
            return self.__members[name]
        except KeyError:
            raise AttributeError(f"`{self.__name__}` has no `{name}` in rules") from None

    __getattr__ = member

    def __repr__(self) -> str:
        return f"<module {self.__name__}>"


class Namespace(Module):
    """An object of the language that is not imported: `auth0`, `auth0.users`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{self.__name__}>"


def _loads(s: str | bytes) -> Any:
    """`json.loads` without hooks."""
    return json.loads(s)


def _dumps(
    obj: Any,
    *,
    indent: int | None = None,
    sort_keys: bool = False,
    ensure_ascii: bool = True,
    separators: tuple[str, str] | None = None,
) -> str:
    """`json.dumps` without hooks."""
    return json.dumps(obj, indent=indent, sort_keys=sort_keys, ensure_ascii=ensure_ascii, separators=separators)


def _pick(module: Any, names: str) -> dict[str, Any]:
    return {name: getattr(module, name) for name in names.split()}


# Exact types, whose hash and equality are CPython's own.
_ATOMS = frozenset({str, bytes, int, float, bool, type(None), re.Pattern, re.RegexFlag})
_FUNCTIONS = frozenset({types.FunctionType, types.MethodType, types.BuiltinFunctionType})


def _of_atoms(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` for text, numbers and functions only.

    The library keeps arguments in caches that outlive the execution: an object of a rule's class would carry one
    login's data to the next there, and be asked for its equality by it.
    """

    def checked(*args: Any, **keywords: Any) -> Any:
        for value in (*args, *keywords.values()):
            if type(value) not in _ATOMS and type(value) not in _FUNCTIONS:
                raise TypeError(f"`{function.__name__}` does not take a `{type(value).__name__}` in rules")
        return function(*args, **keywords)

    return checked


def _pick_of_atoms(module: Any, names: str) -> dict[str, Any]:
    return {name: _of_atoms(member) for name, member in _pick(module, names).items()}


_HASHES = "md5 sha1 sha224 sha256 sha384 sha512 sha3_256 sha3_512 blake2b blake2s"

# module: members that are the same in every execution.
FIXED: dict[str, dict[str, Any]] = {
    "base64": _pick(
        base64,
        """b64encode b64decode standard_b64encode standard_b64decode urlsafe_b64encode urlsafe_b64decode
        b32encode b32decode b16encode b16decode""",
    ),
    "datetime": _pick(datetime, "datetime date time timedelta timezone UTC"),
    "hashlib": _pick(hashlib, _HASHES),
    "hmac": {
        "new": lambda key, msg=None, digestmod="sha256": hmac.new(key, msg, _digest(digestmod)),
        "digest": lambda key, msg, digest: hmac.digest(key, msg, _digest(digest)),
        "compare_digest": hmac.compare_digest,
    },
    "json": {"loads": _loads, "dumps": _dumps, "JSONDecodeError": json.JSONDecodeError},
    "math": _pick(
        math,
        """pi e tau inf nan ceil floor trunc sqrt isqrt log log2 log10 log1p exp expm1 pow fabs fmod modf copysign
        sin cos tan asin acos atan atan2 sinh cosh tanh degrees radians hypot dist gcd lcm isnan isinf isfinite
        isclose fsum prod""",
    ),
    "re": _pick(
        re,
        "error A ASCII I IGNORECASE M MULTILINE S DOTALL X VERBOSE U UNICODE",
    )
    | _pick_of_atoms(re, "compile match fullmatch search findall finditer split sub subn escape"),
    "string": _pick(
        string,
        "ascii_letters ascii_lowercase ascii_uppercase digits hexdigits octdigits punctuation printable whitespace",
    ),
    "urllib.parse": _pick(
        urllib.parse,
        "urlencode urlunparse urlunsplit",
    )
    | _pick_of_atoms(
        urllib.parse, "quote quote_plus unquote unquote_plus urlparse urlsplit urljoin parse_qs parse_qsl"
    ),
    "uuid": _pick(uuid, "UUID uuid3 uuid5 NAMESPACE_DNS NAMESPACE_URL NAMESPACE_OID NAMESPACE_X500"),
}

# module: members drawn from the clock and the seed.
DRAWN: dict[str, frozenset[str]] = {
    "random": frozenset("random randint randrange uniform choice choices sample shuffle getrandbits".split()),
    "secrets": frozenset("token_hex token_urlsafe token_bytes choice randbelow compare_digest".split()),
    "time": frozenset({"time", "time_ns"}),
    "uuid": frozenset({"uuid4"}),
}

MEMBERS: dict[str, frozenset[str]] = {
    name: frozenset(FIXED.get(name, {})) | DRAWN.get(name, frozenset()) for name in {*FIXED, *DRAWN}
} | {"urllib": frozenset({"parse"})}

EXCEPTION_TYPES = (json.JSONDecodeError, re.error, binascii.Error)


def _digest(name: Any) -> str:
    """`hmac` calls its digest: only the names of known ones get there, and the functions of our own facade."""
    if callable(name):
        name = getattr(name, "__name__", "").removeprefix("openssl_")
    if type(name) is not str or name not in _HASHES.split():
        raise ValueError(f"unknown digest: one of {_HASHES}")
    return name


class Modules:
    """The modules of one step: fixed members, and those drawn from its clock and seed."""

    def __init__(self, clock: int, seed: bytes, change: Callable[[Any, Callable[[], Any]], Any]) -> None:
        """`clock` is in nanoseconds since the epoch. `change` records what `random.shuffle` does to a list."""
        self._clock = clock
        self._seed = seed
        self._change = change
        self._made: dict[str, Module] = {}
        self._random: Seeded | None = None

    def import_(self, name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
        """What the `import` statement of a rule calls.

        C code that formats times imports by the same way, with a list where the statement has a tuple, and
        takes the module from elsewhere afterwards: it gets None.
        """
        if type(fromlist) is list:
            return None
        if level or name not in MEMBERS:
            raise ImportError(f"`{name}` cannot be imported in rules")
        if "." in name and not fromlist:
            return self._module(name.partition(".")[0])
        return self._module(name)

    def special(self) -> dict[tuple[type, str], Callable[..., Any]]:
        """Attributes of shared types that depend on the execution, or import when they are called."""
        return {
            (datetime.datetime, "now"): self._now,
            (datetime.datetime, "utcnow"): lambda: self._now(datetime.UTC).replace(tzinfo=None),
            (datetime.datetime, "today"): self._now,
            (datetime.date, "today"): lambda: self._now().date(),
            (datetime.datetime, "fromtimestamp"): lambda stamp, tz=None: datetime.datetime.fromtimestamp(stamp, tz),
            (datetime.datetime, "utcfromtimestamp"): lambda stamp: datetime.datetime.fromtimestamp(
                stamp, datetime.UTC
            ).replace(tzinfo=None),
            (datetime.date, "fromtimestamp"): lambda stamp: datetime.date.fromtimestamp(stamp),
            (datetime.datetime, "strptime"): lambda text, form: datetime.datetime.strptime(text, form),
        }

    def _now(self, tz: datetime.tzinfo | None = None) -> datetime.datetime:
        now = datetime.datetime.fromtimestamp(0, datetime.UTC) + datetime.timedelta(microseconds=self._clock // 1000)
        return now.replace(tzinfo=None) if tz is None else now.astimezone(tz)

    def _module(self, name: str) -> Module:
        made = self._made.get(name)
        if made is None:
            if name == "urllib":
                members: dict[str, Any] = {"parse": self._module("urllib.parse")}
            else:
                members = FIXED.get(name, {}) | self._drawn(name)
            made = self._made[name] = Module(name, members)
        return made

    def _drawn(self, name: str) -> dict[str, Any]:
        if name == "time":
            return {"time": lambda: self._clock / 1e9, "time_ns": lambda: self._clock}
        if name not in DRAWN:
            return {}
        if self._random is None:
            self._random = Seeded(self._seed)
        draw = self._random
        if name == "uuid":
            return {"uuid4": lambda: uuid.UUID(bytes=draw.randbytes(16), version=4)}
        if name == "secrets":

            def token(nbytes: int | None) -> bytes:
                return draw.randbytes(32 if nbytes is None else nbytes)

            return {
                "token_bytes": lambda nbytes=None: token(nbytes),
                "token_hex": lambda nbytes=None: token(nbytes).hex(),
                "token_urlsafe": lambda nbytes=None: base64.urlsafe_b64encode(token(nbytes)).rstrip(b"=").decode(),
                "choice": draw.choice,
                "randbelow": draw.randrange,
                "compare_digest": hmac.compare_digest,
            }
        names = DRAWN["random"] - {"shuffle"}
        members = {method: getattr(draw, method) for method in names}
        members["shuffle"] = lambda x: self._change(x, lambda: random.Random.shuffle(draw, x))
        return members
