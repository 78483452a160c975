"""Files that authors write, scripts and JSON: read with the place of every mistake."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TypeVar

import msgspec

from sandbox.limits import DEFAULT

T = TypeVar("T")

LARGEST_JSON = 64 * 1024 * 1024  # bytes: a mistaken path must not fill the memory
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_BYTE = re.compile(r"^(?:JSON is malformed: )?(?P<message>.*) \(byte (?P<offset>\d+)\)$", re.DOTALL)


class BadFile(Exception):
    """A file that cannot be used. The message names the file, the place where it is known, and what is wrong."""

    def __init__(self, name: object, message: str, place: tuple[int, int] | None = None) -> None:
        self.message = message
        self.place = place
        where = f":{place[0]}:{place[1]}" if place else ""
        super().__init__(f"{name}{where}: {message}")


class NotAScript(BadFile):
    """What is in the file can be no script: `code` is the code of the problem, as the sandbox gives it."""

    def __init__(self, name: object, message: str, place: tuple[int, int], code: str) -> None:
        super().__init__(name, message, place)
        self.code = code
        self.line, self.column = place


def read_script(path: Path) -> str:
    """The script as it stands there, line ends included.

    Raises `BadFile` for a file that cannot be read, `NotAScript` for one that is too long or no text.
    """
    content = _read(path, DEFAULT.source)
    if len(content) > DEFAULT.source:
        raise NotAScript(path, f"the script is longer than {DEFAULT.source} bytes", (1, 1), "too_large")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        text = f"it is not text in UTF-8: {error.reason}"
        raise NotAScript(path, text, _place(content, error.start), "syntax_error") from None


def read_json(path: Path, type_: type[T]) -> T:
    """What the JSON file says, as a `type_` (a msgspec type). Raises `BadFile`."""
    return decode_json(path, _read(path, LARGEST_JSON), type_)


def decode_json(name: object, content: bytes, type_: type[T]) -> T:
    """The JSON text `content`, which came from the file `name`, as a `type_`. Raises `BadFile`."""
    if len(content) > LARGEST_JSON:
        raise BadFile(name, f"longer than {LARGEST_JSON} bytes")
    if not content or content.isspace():
        raise BadFile(name, "it is empty; JSON is expected", (1, 1))
    try:
        content.decode()
        return msgspec.json.decode(content, type=type_)
    except UnicodeDecodeError as error:
        text = f"it is not text in UTF-8: {error.reason}"
        raise BadFile(name, text, _place(content, error.start)) from None
    except msgspec.ValidationError as error:
        raise BadFile(name, str(error)) from None
    except msgspec.DecodeError as error:
        if content.startswith(BYTE_ORDER_MARK):
            raise BadFile(name, "it starts with a byte order mark; leave that out", (1, 1)) from None
        found = _BYTE.match(str(error))
        if found is None:
            raise BadFile(name, "the JSON ends too early", _place(content, len(content))) from None
        raise BadFile(name, f"no JSON: {found['message']}", _place(content, int(found["offset"]))) from None
    except RecursionError:
        raise BadFile(name, "the JSON is nested too deeply") from None


def _read(path: Path, limit: int) -> bytes:
    """The content, or its first `limit` bytes and one more."""
    try:
        with path.open("rb") as file:
            return file.read(limit + 1)
    except OSError as error:
        raise BadFile(path, (error.strerror or type(error).__name__).lower()) from None
    except ValueError:  # a NUL character in the path
        raise BadFile(repr(str(path)), "no path") from None


def _place(content: bytes, offset: int) -> tuple[int, int]:
    """Line and column of a byte, both from 1; columns count characters."""
    before = content[:offset].decode(errors="replace")
    return before.count("\n") + 1, len(before) - before.rfind("\n")
