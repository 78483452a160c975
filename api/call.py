"""One request of a known caller, as endpoints see it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import msgspec
from starlette.requests import Request

from api.body import decode_json, read_body
from api.callers import Caller
from api.errors import ApiError
from api.query import read_query
from api.service import Service

T = TypeVar("T")
Q = TypeVar("Q", bound=msgspec.Struct)


class Call(msgspec.Struct, frozen=True):
    service: Service
    caller: Caller
    tenant: str  # whose things this is about
    request: Request
    headers: Mapping[str, str]  # names in lower case, the first of each
    given: bytes | None = None  # the body, where the caller was known by it

    @property
    def by(self) -> str:
        return self.caller.subject

    def path(self, name: str) -> str:
        return str(self.request.path_params[name])

    def number(self, name: str) -> int:
        """A number in the path. Raises 404 for what is none: there is no such thing."""
        text = self.path(name)
        if not (text.isascii() and text.isdigit() and len(text) < 10):
            raise ApiError("not_found", f"`{text[:40]}` is not a number")
        return int(text)

    def query(self, type_: type[Q]) -> Q:
        """The address's parameters. Raises `ApiError` as `read_query` does."""
        return read_query(self.request, type_)

    def expects_other(self, etag: str) -> bool:
        """Whether `If-Match` asks for another state than this one (RFC 9110, 13.1.1)."""
        header = self.request.headers.get("if-match")
        wanted = {"*"} if header is None else {tag.strip() for tag in header.split(",")}
        return "*" not in wanted and etag not in wanted

    @property
    def has_body(self) -> bool:
        return self.headers.get("content-length", "0") != "0" or "transfer-encoding" in self.headers

    def require_no_body(self) -> None:
        """Raises `ApiError` 400 `invalid_request` where there is a body: what it asks for would not be looked at."""
        if self.has_body:
            raise ApiError("invalid_request", f"{self.request.method} takes no body here: send none")

    async def body(self) -> bytes:
        """The bytes of a JSON body. Raises `ApiError` as `read_body` does."""
        if self.given is not None:
            return self.given
        return await read_body(self.request, self.headers, self.service.settings.body_bytes)

    async def json(self, type_: type[T]) -> T:
        """The body as a `type_`. Raises `ApiError` as `read_json` does."""
        return decode_json(await self.body(), type_)
