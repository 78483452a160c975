"""The document of the API and its page: made once, at the first question, and served to everybody."""

from __future__ import annotations

import asyncio
import functools
import hashlib
from collections.abc import Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from api import page
from api.components import JSON
from api.openapi import document
from api.row import OpenRow, Row
from api.service import Service


class Document:
    def __init__(self, body: bytes, media: str, **headers: str) -> None:
        self.etag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
        self._body = body
        self._headers = {"ETag": self.etag, "Content-Type": media, "Cache-Control": "no-cache", **headers}

    def response(self, wanted: str | None) -> Response:
        """304 to whoever has it already (RFC 9110, 13.1.2)."""
        if wanted is not None and self.etag in (tag.strip().removeprefix("W/") for tag in wanted.split(",")):
            return Response(status_code=304, headers={"ETag": self.etag})
        return Response(self._body, headers=self._headers)


class Documents:
    def __init__(self, rows: Sequence[Row], open_rows: Sequence[OpenRow]) -> None:
        self._rows = rows
        self._open_rows = open_rows

    @functools.cached_property
    def openapi(self) -> Document:
        return Document(msgspec.json.encode(self._made), "application/json")

    @functools.cached_property
    def page(self) -> Document:
        return Document(page.rendered(self._made), page.MEDIA, **page.HEADERS)

    @functools.cached_property
    def _made(self) -> JSON:
        return document(self._rows, self._open_rows)


async def openapi(service: Service, request: Request) -> Response:
    """This document."""
    documents: Documents = request.app.state.documents
    # In a thread: it takes as long as a hundred logins.
    made = await asyncio.to_thread(lambda: documents.openapi)
    return made.response(request.headers.get("if-none-match"))


async def docs(service: Service, request: Request) -> Response:
    """This document as a page."""
    documents: Documents = request.app.state.documents
    made = await asyncio.to_thread(lambda: documents.page)
    return made.response(request.headers.get("if-none-match"))
