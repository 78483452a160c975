"""JSON in and out of requests: decoded once, strictly, with the place of every mistake."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from io import BytesIO
from typing import Any, NoReturn, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from api.errors import ApiError

T = TypeVar("T")

_BYTE = re.compile(r"^(?:JSON is malformed: )?(?P<message>.*) \(byte (?P<offset>\d+)\)$", re.DOTALL)
_PATH = re.compile(r"^(?P<message>.*) - at `(?P<path>\$[^`]*)`$", re.DOTALL)
_NOT_A_NUMBER = re.compile(rb"NaN|-?Infinity")
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
# An escaped backslash is consumed first, so that `\\ud800` (six characters of text) is left alone.
_ESCAPE = re.compile(
    rb"\\\\"
    rb"|(?P<pair>\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|(?P<lone>\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_BRACKETS = bytes.maketrans(b"[{]}", b"(())")
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
LONGEST_MESSAGE = 300
LONGEST_NAME = 100
DEEPEST = 100  # levels: well below what any reader of the body can take, so that all of them agree


async def read_json(request: Request, headers: Mapping[str, str], type_: type[T], limit: int) -> T:
    """The request's body as a `type_` (a msgspec type; its Structs decide about unknown fields).

    Never holds more than `limit` bytes (and the piece that exceeded it). The whole body is UTF-8 without lone
    surrogates, so parts kept as `msgspec.Raw` are too; numbers in such parts may still be too large for whoever
    decodes them.

    Raises `ApiError`: 415 for anything but application/json in UTF-8, 413 beyond `limit`, 400
    `invalid_request` for broken JSON (RFC 8259), with byte, line and column, and for a wrong value, with its
    path.
    """
    return decode_json(await read_body(request, headers, limit), type_)


async def read_body(request: Request, headers: Mapping[str, str], limit: int) -> bytes:
    """The bytes of a JSON body, not yet decoded. Raises `ApiError` 415 and 413 as `read_json` does."""
    _require_type(headers, "application/json")
    return await _read(request, headers, limit)


async def read_lines(request: Request, headers: Mapping[str, str], limit: int) -> BytesIO:
    """A body of JSON lines, not yet decoded: read line by line, none has to end with the body. Raises `ApiError` 415
    for anything but application/x-ndjson, and 413."""
    _require_type(headers, "application/x-ndjson")
    return BytesIO(await _read(request, headers, limit))


def decode_json(body: bytes, type_: type[T]) -> T:
    """`body` as a `type_`. Raises `ApiError` 400 `invalid_request` as `read_json` does."""
    value = decode_text(body, msgspec.json.Decoder(type_))
    require_unique_names(body)
    return value


def require_unique_names(text: bytes, besides: Collection[str] = ()) -> None:
    """Raises `ApiError` 400 where an object has a name twice: two readers could see two values (RFC 8259, 4).

    `text` is one that `decode_text` has taken. The values of its own members `besides` are not looked into.
    """
    # Numbers stay text: int() refuses thousands of digits, which are no business of this function.
    _require_unique(json.loads(text, object_pairs_hook=_Members, parse_int=str, parse_float=str), besides)


class _Members(list[tuple[str, Any]]):
    """An object as its members stand in the text."""


def _require_unique(value: object, besides: Collection[str] = ()) -> None:
    if isinstance(value, _Members):
        seen = set()
        for name, member in value:
            if name in seen:
                shown = name if len(name) <= LONGEST_NAME else name[:LONGEST_NAME] + "..."
                message = f"the name `{shown}` stands twice in one object; keep one"
                raise ApiError("invalid_request", message, problems=[{"name": shown, "message": message}])
            seen.add(name)
            if name not in besides:
                _require_unique(member)
    elif isinstance(value, list):
        for member in value:
            _require_unique(member)


def decode_text(body: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """`body` by a decoder that is kept: for the hot path, which looks at names itself."""
    if not body or body.isspace():
        raise ApiError("invalid_request", "the body is empty; send a JSON value")
    _require_unicode(body)
    try:
        value = decoder.decode(body)
    except msgspec.ValidationError as exc:
        found = _PATH.match(str(exc))
        _refuse_value(found["message"] if found else str(exc), found["path"] if found else "$")
    except msgspec.DecodeError as exc:
        if (found := _BYTE.match(str(exc))) is None:
            _refuse_text(body, len(body), "the JSON ends too early")
        # Of trailing characters the decoder has already taken the first.
        offset = int(found["offset"]) - (found["message"] == "trailing characters")
        # The decoder points behind the minus sign of `-Infinity`.
        if word := _NOT_A_NUMBER.match(body, max(0, offset - 1)) or _NOT_A_NUMBER.match(body, offset):
            _refuse_text(body, word.start(), f"`{word[0].decode()}` is not JSON; use `null` or a number")
        if offset == 0 and body.startswith(b"\xef\xbb\xbf"):
            _refuse_text(body, 0, "the JSON starts with a byte order mark; leave it out")
        _refuse_text(body, offset, found["message"])
    except RecursionError:
        _refuse_depth()
    _require_shallow(body)
    return value


def json_response(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """`value` (anything msgspec encodes) as an application/json answer."""
    return Response(msgspec.json.encode(value), status, headers, "application/json")


def _require_type(headers: Mapping[str, str], type_: str) -> None:
    media_type, *parameters = headers.get("content-type", "").lower().split(";")
    if media_type.strip() != type_:
        raise ApiError("unsupported_media_type", f"send the body with `Content-Type: {type_}`")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "charset" and value.strip().strip('"') not in ("utf-8", "utf8"):
            raise ApiError("unsupported_media_type", "JSON is UTF-8 (RFC 8259 section 8.1); send it as UTF-8")
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise ApiError("unsupported_media_type", "send the body without `Content-Encoding`")


async def _read(request: Request, headers: Mapping[str, str], limit: int) -> bytes:
    declared = headers.get("content-length", "")
    # Compared as text first: int() refuses thousands of digits with an exception of its own.
    if declared.isdecimal() and declared.isascii() and (len(declared) > 18 or int(declared) > limit):
        raise _too_large(limit)
    body = bytearray()
    while True:
        message = await request.receive()
        if message["type"] != "http.request":
            raise ApiError("invalid_request", "the connection ended before the body did")
        chunk: bytes = message.get("body", b"")
        if len(body) + len(chunk) > limit:
            raise _too_large(limit)
        if not message.get("more_body", False):
            return chunk if not body else bytes(body + chunk)
        body += chunk


def _too_large(limit: int) -> ApiError:
    return ApiError("payload_too_large", f"the body is larger than {limit} bytes")


def _require_unicode(body: bytes) -> None:
    if not body.isascii():
        try:
            body.decode()
        except UnicodeDecodeError as exc:
            _refuse_text(body, exc.start, f"invalid UTF-8: {exc.reason}")
    if b"\\" in body and _SURROGATE.search(body):
        for escape in _ESCAPE.finditer(body):
            if escape["lone"]:
                half = escape["lone"].decode()
                _refuse_text(body, escape.start(), f"`{half}` is half a surrogate pair; escape both halves")


def _require_shallow(body: bytes) -> None:
    """No deeper than `DEEPEST`: else what is refused would depend on the stack of whoever reads it."""
    if body.count(b"[") + body.count(b"{") <= DEEPEST:
        return
    # Without escapes every second quote ends a string, and to split there is four times as quick.
    outside = _STRING.sub(b"", body) if b"\\" in body else b"".join(body.split(b'"')[::2])
    brackets = outside.translate(_BRACKETS, _NO_BRACKETS)
    for _ in range(DEEPEST):
        if not brackets:
            return
        brackets = brackets.replace(b"()", b"")  # the innermost level, everywhere
    if brackets:
        _refuse_depth()


def _refuse_depth() -> NoReturn:
    raise ApiError("invalid_request", f"the JSON is nested too deeply: {DEEPEST} levels are the most") from None


def _refuse_text(body: bytes, offset: int, message: str) -> NoReturn:
    before = body[:offset].decode(errors="replace")
    line = before.count("\n") + 1
    column = len(before) - (before.rfind("\n") + 1) + 1
    place: dict[str, Any] = {"offset": offset, "line": line, "column": column}
    text = f"line {line}, column {column} (byte {offset}): {message}"
    raise ApiError("invalid_request", text, problems=[{**place, "message": message}]) from None


def _refuse_value(message: str, path: str) -> NoReturn:
    message = message[:1].lower() + message[1:]
    if len(message) > LONGEST_MESSAGE:
        message = message[:LONGEST_MESSAGE] + "..."
    raise ApiError("invalid_request", f"`{path}`: {message}", problems=[{"path": path, "message": message}]) from None
