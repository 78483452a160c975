"""The service as commands see it: one call, and every failure as one line that says what to do.

The token never stands in a message. Only what changes nothing is sent again.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx2
import msgspec

from cli.refusal import Refused

T = TypeVar("T")

CONNECT_WITHIN = 5.0  # seconds
ANSWER_WITHIN = 60.0
TRIES = 3
DIFF = "claimsmith diff"
LINES = "application/x-ndjson"
LONGEST_WAIT = 5.0  # seconds that a busy service may ask for between two of them
LONGEST_LINE = 64 * 1024 * 1024  # bytes of an answer that comes line by line


class Lost(Refused):
    """There was no service, or it broke off: another attempt may find it."""


class Rejected(Refused):
    """The service's own refusal, for commands that can do something about it."""

    def __init__(self, message: str, status: int, problems: list[dict[str, Any]]) -> None:
        super().__init__(message)
        self.status = status
        self.problems = problems

    def has(self, code: str) -> bool:
        return any(problem.get("code") == code for problem in self.problems)


class Client:
    """Calls of one command. `scopes` is what its token must allow, for messages. Can be used by several threads."""

    def __init__(self, url: str, token: str | None, scopes: str, tenant: str | None = None) -> None:
        """An administrator can act on another `tenant`. Raises `Refused` for what is no address of a service, and
        without a usable token."""
        self.url = _address(url)
        self._scopes = scopes
        self._http = httpx2.Client(
            base_url=self.url,
            headers={
                "Authorization": f"Bearer {_usable(token, scopes)}",
                **({} if tenant is None else {"Claimsmith-Tenant": _header(tenant)}),
            },
            timeout=httpx2.Timeout(ANSWER_WITHIN, connect=CONNECT_WITHIN),
        )

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self._http.close()

    def get(self, path: str, type_: type[T]) -> T:
        """What stands at the path. Raises `Refused`, `Rejected`."""
        return self._read(self._send("GET", path, None, repeatable=True, within=ANSWER_WITHIN), type_)

    def tagged(self, path: str) -> tuple[bytes, str]:
        """What stands at the path, as it stands there, and its `ETag`. Raises `Refused`, `Rejected`."""
        response = self._send("GET", path, None, repeatable=True, within=ANSWER_WITHIN)
        return response.content, response.headers.get("etag", "")

    def ask(self, path: str, body: Any, type_: type[T]) -> T:
        """The answer to a question that changes nothing (`POST`). Raises `Refused`, `Rejected`."""
        return self._read(self._send("POST", path, body, repeatable=True, within=ANSWER_WITHIN), type_)

    def change(
        self,
        method: str,
        path: str,
        body: Any,
        type_: type[T],
        within: float = ANSWER_WITHIN,
        look: str = DIFF,
        if_match: str | None = None,
    ) -> T:
        """Change something: sent once. `within` are the seconds it may take, `look` is the command that tells whether
        it was carried out. Raises `Refused`, `Rejected`: of status 412 where it has not the `ETag` that is to match."""
        response = self._send(method, path, body, repeatable=False, within=within, look=look, if_match=if_match)
        return self._read(response, type_)

    def text(self, method: str, path: str, body: Any, within: float = ANSWER_WITHIN) -> bytes:
        """An answer as it stands, of a call that changes nothing. Raises `Refused`, `Rejected`."""
        return self._send(method, path, body, repeatable=True, within=within).content

    def put_lines(self, path: str, lines: bytes, type_: type[T], within: float, look: str) -> T:
        """Change something by JSON lines: sent once. Raises `Refused`, `Rejected`."""
        response = self._send("PUT", path, lines, repeatable=False, within=within, look=look, media_type=LINES)
        return self._read(response, type_)

    def delete(self, path: str, look: str) -> None:
        """Likewise, with no answer. Raises `Refused`, `Rejected`."""
        self._send("DELETE", path, None, repeatable=False, within=ANSWER_WITHIN, look=look)

    @contextmanager
    def lines(self, method: str, path: str, body: Any, within: float = ANSWER_WITHIN) -> Iterator[Iterator[bytes]]:
        """An answer that changes nothing, line by line as it comes; `within` are the seconds that may pass between two
        parts of it. What has begun is not asked again. Raises `Refused`, `Lost`, `Rejected`, the lines do so too."""
        response = self._send(method, path, body, repeatable=True, within=within, stream=True)
        try:
            yield self._lines(response, within)
        finally:
            response.close()

    def _lines(self, response: httpx2.Response, within: float) -> Iterator[bytes]:
        # Not `iter_lines`: that ends a line at characters which may stand in a JSON text.
        left = bytearray()
        try:
            for part in response.iter_bytes():
                left += part
                *lines, rest = left.split(b"\n") if b"\n" in part else (left,)
                yield from map(bytes, lines)
                left = rest
                if len(left) > LONGEST_LINE:
                    raise self._stranger(response)
        except httpx2.TimeoutException:
            raise Lost(f"nothing more from {self.url} within {within:g} s") from None
        except httpx2.RequestError as exc:
            raise Lost(f"{self.url} broke off: {_reason(exc)}") from None
        if left:
            yield bytes(left)

    def _send(
        self,
        method: str,
        path: str,
        body: Any,
        *,
        repeatable: bool,
        within: float,
        stream: bool = False,
        look: str = DIFF,
        media_type: str = "application/json",
        if_match: str | None = None,
    ) -> httpx2.Response:
        content = body if body is None or media_type == LINES else msgspec.json.encode(body)
        headers = {} if body is None else {"Content-Type": media_type}
        headers |= {} if if_match is None else {"If-Match": if_match}
        timeout = httpx2.Timeout(within, connect=CONNECT_WITHIN)
        perhaps = "" if repeatable else f"; it may have been carried out: look with `{look}`"
        for left in range(TRIES if repeatable else 1, 0, -1):
            try:
                request = self._http.build_request(method, path, content=content, headers=headers, timeout=timeout)
                response = self._http.send(request, stream=stream)
                if stream and not response.is_success:
                    response.read()
            except httpx2.ConnectTimeout:
                raise Lost(f"no connection to {self.url} within {CONNECT_WITHIN:g} s") from None
            except httpx2.ConnectError as exc:
                raise Lost(f"no connection to {self.url}: {_reason(exc)}; is the service running there?") from None
            except httpx2.TimeoutException:
                raise Lost(f"no answer from {self.url} within {within:g} s{perhaps}") from None
            except httpx2.RequestError as exc:
                if left > 1:
                    continue
                raise Lost(f"{self.url} broke off: {_reason(exc)}{perhaps}") from None
            if response.status_code not in (429, 503) or left == 1:
                break
            time.sleep(min(_retry_after(response), LONGEST_WAIT))
        if not response.is_success:
            raise self._rejection(response)
        return response

    def _read(self, response: httpx2.Response, type_: type[T]) -> T:
        try:
            return msgspec.json.decode(response.content, type=type_)
        except (msgspec.DecodeError, RecursionError):
            raise self._stranger(response) from None

    def _stranger(self, response: httpx2.Response) -> Refused:
        return Refused(
            f"{self.url} does not answer like Claimsmith (status {response.status_code}): is that its address?"
        )

    def _rejection(self, response: httpx2.Response) -> Refused:
        try:
            error = msgspec.json.decode(response.content, type=_Error)
        except (msgspec.DecodeError, RecursionError):
            return self._stranger(response)
        text = error.error_description
        if response.status_code == 401:
            text += f"; make a token with `claimsmith token --scope {_quoted(self._scopes)}`"
        elif response.status_code == 403:
            text += f", which the token has not: make one with `claimsmith token --scope {_quoted(self._scopes)}`"
        elif response.status_code in (429, 503):
            text += f"; try again in {_retry_after(response):g} s"
        return Rejected(text, response.status_code, error.problems)


class _Error(msgspec.Struct, frozen=True):
    error: str
    error_description: str
    problems: list[dict[str, Any]] = []


def _address(url: str) -> str:
    try:
        parts = urlsplit(url)
        _ = parts.port
        _ = httpx2.URL(url)
        _ = (parts.hostname or "").encode("idna")
    except (ValueError, httpx2.InvalidURL):
        raise Refused("--url: not a URL; give one like http://127.0.0.1:8100") from None
    if parts.username or parts.password:
        raise Refused("--url: it holds a user name or a password; give the address alone, and the token by --token")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise Refused(f"--url: `{url}` is not the address of a service; give one like http://127.0.0.1:8100")
    return url.rstrip("/")


def _usable(token: str | None, scopes: str) -> str:
    if token:
        if not (token.isascii() and token.isprintable()) or " " in token:
            raise Refused("--token: it has characters that no token has; was it copied whole, and nothing else?")
        return token
    command = f"claimsmith token --scope {_quoted(scopes)}"
    folder = Path(os.environ.get("CLAIMSMITH_DATA") or "data")
    if os.environ.get("CLAIMSMITH_SECRET") or (folder / "secret").is_file():
        raise Refused(f"no token: run `export CLAIMSMITH_TOKEN=$({command})`, or give one by --token")
    raise Refused(f"no token: give one by --token or CLAIMSMITH_TOKEN; where the service runs, `{command}` makes one")


def _header(tenant: str) -> str:
    if not (tenant.isascii() and tenant.isprintable()):
        raise Refused("--tenant: it is not a tenant's name")
    return tenant


def _quoted(scopes: str) -> str:
    return f'"{scopes}"'


def _reason(exc: Exception) -> str:
    text = str(exc) or type(exc).__name__
    return re.sub(r"^\[Errno -?\d+\] ", "", text).lower()


def _retry_after(response: httpx2.Response) -> float:
    text = response.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdigit() and len(text) < 6 else 1.0
