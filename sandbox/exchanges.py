"""What a call asks and what comes back, by its kind, as JSON: the service reads the one and writes the other.

What a worker sends is hostile: it is no call unless it can be decoded into these types, and whoever answers believes
none of it.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

import msgspec

from sandbox.plain import nested_within
from sandbox.wire import CallKind

Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
METHODS: tuple[Method, ...] = get_args(Method)
READS: tuple[Method, ...] = ("GET", "HEAD")  # what may be asked twice
Failure = Literal["timeout", "connection", "not_allowed", "failed"]
LONGEST_KEY = 200  # characters
LARGEST_VALUE = 16 * 1024  # bytes of JSON
LONGEST_TTL = 30 * 24 * 3600  # seconds

Seconds = Annotated[float, msgspec.Meta(gt=0, lt=1e9)]


class HttpRequest(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A request as it goes to the service. `base64` says how the body is written; seconds may be fractions."""

    method: Method
    url: str
    headers: dict[str, str] = {}
    body: str = ""
    base64: bool = False
    timeout: Seconds | None = None
    cache: Seconds | None = None


class HttpAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What comes back: an answer, or a `failure` with its `message`. Names of headers are in lower case."""

    status: int = 0
    url: str = ""
    headers: dict[str, str] = {}
    body: str = ""
    base64: bool = False
    failure: Failure | None = None
    message: str = ""


class CacheRequest(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """`value` and `ttl` (seconds) belong to `set` alone."""

    op: Literal["get", "set", "delete"]
    key: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_KEY)]
    value: msgspec.Raw = msgspec.Raw(b"null")
    ttl: Annotated[float, msgspec.Meta(ge=0, le=LONGEST_TTL)] = 0.0


class CacheAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """`warning` says why a value could not be read or kept, `failure` why there is no answer at all."""

    found: bool = False
    value: Any = None
    warning: str | None = None
    failure: str | None = None


_http = msgspec.json.Decoder(HttpRequest)
_cache = msgspec.json.Decoder(CacheRequest)


def require_readable(kind: CallKind, text: msgspec.Raw, nesting: int) -> None:
    """Raises `msgspec.DecodeError`, `UnicodeDecodeError` or `RecursionError` for a request that no honest worker
    writes: those who answer, note and show it read every part of it."""
    if kind == "http":
        _http.decode(text)
    elif not nested_within([msgspec.json.decode(_cache.decode(text).value)], nesting):
        raise RecursionError
