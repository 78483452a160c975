"""A row of the table of endpoints (`api.routes`): who may call it, what it takes, what it gives."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from api.call import Call
from api.service import Service

Endpoint = Callable[[Call], Awaitable[Response]]
OpenEndpoint = Callable[[Service, Request], Awaitable[Response]]


class Media(NamedTuple):
    """A body that is no single JSON value. One of many has `items` of these types."""

    type: str
    items: tuple[Any, ...] = ()


class MergePatch(NamedTuple):
    """A body that changes a value of this type (RFC 7396): what is not given stays, and null is the default."""

    of: Any


class Row(NamedTuple):
    """`gives` and `takes` are the types of both bodies; with `gives` None the answer is 204. `raises` are the errors of
    `api.errors` that it may end with, beside those of every call (`api.openapi`)."""

    method: str
    path: str
    scope: str | None  # None: any valid token
    endpoint: Endpoint
    gives: Any = None
    takes: Any = None  # a union with None: it may be left out
    raises: tuple[str, ...] = ()
    statuses: tuple[int, ...] = (200,)
    headers: tuple[str, ...] = ()  # of the answer
    query: type[Struct] | None = None
    signed: bool = False  # may be signed instead


class OpenRow(NamedTuple):
    path: str
    endpoint: OpenEndpoint
    gives: Any
    raises: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
