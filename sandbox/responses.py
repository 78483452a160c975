"""What a rule holds of an answer to `http`, in the terms of `requests`, and the exceptions where there is none."""

from __future__ import annotations

import base64
import codecs
import json
from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.exchanges import Failure, HttpAnswer

# Charsets of answers, by their names without `-` and `_`. Others would have to be imported.
CHARSETS: Mapping[str, str] = {
    "utf8": "utf-8",
    "usascii": "ascii",
    "ascii": "ascii",
    "iso88591": "iso8859-1",
    "latin1": "iso8859-1",
    "iso885915": "iso8859-15",
    "windows1252": "cp1252",
    "cp1252": "cp1252",
}
for _name in CHARSETS.values():
    codecs.lookup(_name)  # a confined worker cannot import it


class Error(Exception):
    """A call that has no usable answer. The other exceptions of `http` are kinds of it."""


class Timeout(Error):
    """No answer in the time that was given."""


class ConnectionError(Error):  # noqa: A001  as in `requests`
    """The host cannot be reached, or ends the connection."""


class NotAllowed(Error):
    """A host or address that rules of this tenant may not call."""


class HTTPError(Error):
    """`raise_for_status` on an answer of 400 and above."""


EXCEPTIONS: tuple[type[Error], ...] = (Error, Timeout, ConnectionError, NotAllowed, HTTPError)
# What the service says of a call that failed.
FAILURES: Mapping[Failure, type[Error]] = {
    "failed": Error,
    "timeout": Timeout,
    "connection": ConnectionError,
    "not_allowed": NotAllowed,
}


class Headers:
    """The headers of an answer. Names are looked up without their case."""

    __slots__ = ("__headers",)

    def __init__(self, headers: dict[str, str]) -> None:
        self.__headers = headers

    def __getitem__(self, name: str) -> str:
        return self.__headers[_text("a header's name", name).lower()]

    def __contains__(self, name: object) -> bool:
        return type(name) is str and name.lower() in self.__headers

    def __iter__(self) -> Iterator[str]:
        return iter(self.__headers)

    def __len__(self) -> int:
        return len(self.__headers)

    def get(self, name: str, default: Any = None) -> Any:
        return self.__headers.get(_text("a header's name", name).lower(), default)

    def keys(self) -> list[str]:
        return list(self.__headers)

    def values(self) -> list[str]:
        return list(self.__headers.values())

    def items(self) -> list[tuple[str, str]]:
        return list(self.__headers.items())

    def __repr__(self) -> str:
        return f"<{len(self)} headers>"


class Response:
    """An answer, as `requests` has it. What it holds cannot be changed."""

    __slots__ = ("__answer", "__headers")

    def __init__(self, answer: HttpAnswer) -> None:
        self.__answer = answer
        self.__headers = Headers(answer.headers)

    @property
    def status_code(self) -> int:
        return self.__answer.status

    @property
    def ok(self) -> bool:
        return self.__answer.status < 400

    @property
    def url(self) -> str:
        return self.__answer.url

    @property
    def headers(self) -> Headers:
        return self.__headers

    @property
    def content(self) -> bytes:
        answer = self.__answer
        return base64.b64decode(answer.body) if answer.base64 else answer.body.encode()

    @property
    def text(self) -> str:
        answer = self.__answer
        return self.content.decode(_charset(answer.headers), "replace") if answer.base64 else answer.body

    def json(self) -> Any:
        return json.loads(self.content)

    def raise_for_status(self) -> None:
        if not self.ok:
            # Without the query: what stands in it may be secret, and errors are printed.
            raise HTTPError(f"{self.status_code} from {self.url.partition('?')[0]}")

    def __bool__(self) -> bool:
        return self.ok

    def __repr__(self) -> str:
        return f"<Response {self.status_code}>"


def _text(what: str, value: Any) -> str:
    if type(value) is not str:
        raise TypeError(f"{what} is a string, not a `{type(value).__name__}`")
    return value


def _charset(headers: Mapping[str, str]) -> str:
    """Of the answer's type, where it is known here."""
    for part in headers.get("content-type", "").lower().split(";")[1:]:
        name, _, value = part.partition("=")
        if name.strip() == "charset":
            return CHARSETS.get(value.strip().strip('"').replace("-", "").replace("_", ""), "utf-8")
    return "utf-8"
