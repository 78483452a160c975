"""The public API, asked from inside: the same application, the same token, the same answer as for anybody else."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote, urlencode

import msgspec
from starlette.requests import Request
from starlette.types import Message, Scope

Headers = list[tuple[bytes, bytes]]
PASSED_ON = ("traceparent", "x-request-id")


class Answer(msgspec.Struct, frozen=True):
    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes

    def json(self) -> Any:
        return msgspec.json.decode(self.body) if self.body else None


class Refused(Exception):
    """The API's answer was an error. `description` and `problems` are for the person who looks at the page."""

    def __init__(self, answer: Answer) -> None:
        said = answer.json() if answer.headers.get("content-type", "").startswith("application/json") else {}
        self.status = answer.status
        self.error: str = said.get("error", "server_error")
        self.description: str = said.get("error_description", "the service gave no reason")
        self.problems: list[dict[str, Any]] = said.get("problems", [])
        super().__init__(f"{self.status} {self.error}: {self.description}")


class Api:
    """The API as the bearer of `token` sees it, about the things of `tenant`."""

    def __init__(self, request: Request, token: str, tenant: str | None) -> None:
        self._request = request
        self._token = token
        self._tenant = tenant

    async def get(self, path: str, **query: Any) -> Any:
        """What there is at `path`, decoded. Parameters that are None are left out. Raises `Refused`."""
        return (await self.send("GET", path, query=query)).json()

    async def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One call, with `body` as JSON. Raises `Refused` for an error."""
        text = b"" if body is None else msgspec.json.encode(body)
        sent = self.headers(headers or {})
        if body is not None:
            sent += [(b"content-type", b"application/json"), (b"content-length", str(len(text)).encode())]
        given = {name: value for name, value in (query or {}).items() if value is not None}
        scope = scope_of(self._request, method, path, urlencode(given), sent)
        answer = await _collected(self._request, scope, text)
        if answer.status >= 400:
            raise Refused(answer)
        return answer

    def identity(self) -> Headers:
        """The headers that say who asks, and whom."""
        return [(b"authorization", f"Bearer {self._token}".encode()), (b"host", b"console")]

    def headers(self, more: Mapping[str, str]) -> Headers:
        given = {name: value for name in PASSED_ON if (value := self._request.headers.get(name)) is not None}
        if self._tenant is not None:
            given["claimsmith-tenant"] = self._tenant
        return self.identity() + [
            (name.lower().encode(), value.encode("latin-1", "replace")) for name, value in {**given, **more}.items()
        ]


def address(*parts: object) -> str:
    """A path of these parts, each one segment whatever it contains."""
    return "/" + "/".join(quote(str(part), safe="") for part in parts)


def scope_of(request: Request, method: str, path: str, query: str, headers: Headers) -> Scope:
    """An ASGI scope for a call from inside. `path` is percent-encoded."""
    kept = {name: request.scope[name] for name in ("type", "asgi", "http_version", "scheme", "client", "server")}
    return {
        **kept,
        "method": method,
        "path": unquote(path),
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": headers,
        "state": dict(request.scope.get("state", {})),
    }


async def _collected(request: Request, scope: Scope, body: bytes) -> Answer:
    """The whole answer, however it comes."""
    status, headers, pieces = None, dict[str, str](), list[bytes]()
    unread = [body]

    async def receive() -> Message:
        if unread:
            return {"type": "http.request", "body": unread.pop(), "more_body": False}
        # Whoever asks is there up to the end: an answer that streams would stop where that is in doubt.
        never: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        return await never

    async def send(message: Message) -> None:
        nonlocal status, headers
        if message["type"] == "http.response.start":
            status = message["status"]
            headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in message["headers"]}
        elif message["type"] == "http.response.body":
            pieces.append(message.get("body", b""))

    try:
        await request.app(scope, receive, send)
    except Exception:
        # The application answers an error, says in the log which one it was, and raises it on for its server.
        if status is None:
            raise
    return Answer(500 if status is None else status, headers, b"".join(pieces))
