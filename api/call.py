"""One request of a known caller, as endpoints see it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import msgspec
from starlette.requests import Request

from api.body import read_json
from api.callers import Caller
from api.errors import ApiError
from api.service import Service

T = TypeVar("T")


class Call(msgspec.Struct, frozen=True):
    service: Service
    caller: Caller
    tenant: str  # whose things this is about
    request: Request
    headers: Mapping[str, str]  # names in lower case, the first of each

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

    @property
    def has_body(self) -> bool:
        return self.headers.get("content-length", "0") != "0" or "transfer-encoding" in self.headers

    async def json(self, type_: type[T]) -> T:
        return await read_json(self.request, self.headers, type_, self.service.settings.body_bytes)
